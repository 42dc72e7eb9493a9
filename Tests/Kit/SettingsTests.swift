import Foundation
import Testing

@testable import Kit

@Suite struct SettingsTests {
  enum Colour: String, CaseIterable, Sendable { case red, green }

  static let loops = Setting<Int>.integer("ONEPOOL_LOOPS", "event loops", default: 2, in: 1...64)
  static let wait = Setting<Duration>.seconds(
    "ONEPOOL_WAIT_SECONDS", "how long", default: 1.5, in: 0...60)
  static let size = Setting<Int>.bytes(
    "ONEPOOL_BODY_BYTES", "largest body", default: "1MiB", in: 1...(1 << 30))
  static let listen = CommonSettings.listen
  static let colour = Setting<Colour>.choice("ONEPOOL_COLOUR", "colour", default: .green)
  static let items = Setting<[String]>.list("ONEPOOL_ITEMS", "items", default: [], atMost: 3)
  static let loud = Setting<Bool>.flag("ONEPOOL_LOUD", "loud", default: false)
  static let key = Setting<Secret?>.secret("ONEPOOL_KEY", "a key")
  static let peer = CommonSettings.pool
  static let all: [any AnySetting] = [
    loops, wait, size, listen, colour, items, loud, key, peer, CommonSettings.token,
    CommonSettings.balancing,
  ]

  func settings(
    _ environment: [String: String], _ arguments: [String] = []
  ) throws(Settings.Exit) -> Settings {
    try Settings(
      program: "onepool-test", about: "a test", version: "1.2.3", declared: Self.all,
      environment: environment, arguments: arguments, others: ["ONEPOOL_GATEWAY_"])
  }

  @Test func defaultsHold() throws {
    let settings = try settings([:])
    #expect(settings[Self.loops] == 2)
    #expect(settings[Self.wait] == .milliseconds(1500))
    #expect(settings[Self.size] == 1 << 20)
    #expect(settings[Self.listen] == HostPort(host: "127.0.0.1", port: 0))
    #expect(settings[Self.colour] == .green)
    #expect(settings[Self.items] == [])
    #expect(settings[Self.loud] == false)
    #expect(settings[Self.key] == nil)
  }

  @Test func valuesAreRead() throws {
    let settings = try settings([
      "ONEPOOL_LOOPS": "64", "ONEPOOL_WAIT_SECONDS": "0.25", "ONEPOOL_BODY_BYTES": "64KiB",
      "ONEPOOL_LISTEN": "[::1]:8080", "ONEPOOL_COLOUR": "red", "ONEPOOL_ITEMS": "a, b,c",
      "ONEPOOL_LOUD": "true", "ONEPOOL_KEY": "k",
    ])
    #expect(settings[Self.loops] == 64)
    #expect(settings[Self.wait] == .milliseconds(250))
    #expect(settings[Self.size] == 65_536)
    #expect(settings[Self.listen].description == "[::1]:8080")
    #expect(settings[Self.colour] == .red)
    #expect(settings[Self.items] == ["a", "b", "c"])
    #expect(settings[Self.loud])
    #expect(settings[Self.key] == Secret("k"))
  }

  /// Goal: a wrong value is refused in one line with its name, itself and what is allowed.
  @Test(arguments: [
    ("ONEPOOL_LOOPS", "0", "a whole number from 1 to 64"),
    ("ONEPOOL_LOOPS", "65", "a whole number from 1 to 64"),
    ("ONEPOOL_LOOPS", "two", "a whole number from 1 to 64"),
    ("ONEPOOL_LOOPS", "", "a whole number from 1 to 64"),
    ("ONEPOOL_WAIT_SECONDS", "61", "seconds from 0 to 60"),
    ("ONEPOOL_WAIT_SECONDS", "-1", "seconds from 0 to 60"),
    ("ONEPOOL_WAIT_SECONDS", "nan", "seconds from 0 to 60"),
    ("ONEPOOL_WAIT_SECONDS", "0x1p3", "seconds from 0 to 60"),
    ("ONEPOOL_WAIT_SECONDS", "5s", "seconds from 0 to 60"),
    (
      "ONEPOOL_BODY_BYTES", "9999999999GiB",
      "bytes from 1 to 1073741824, as a number or like 64KiB or 8MiB"
    ),
    ("ONEPOOL_LISTEN", "x", "host:port with a port from 0 to 65535"),
    ("ONEPOOL_LISTEN", "127.0.0.1:65536", "host:port with a port from 0 to 65535"),
    ("ONEPOOL_LISTEN", "127.0.0.1:", "host:port with a port from 0 to 65535"),
    ("ONEPOOL_LISTEN", ":80", "host:port with a port from 0 to 65535"),
    ("ONEPOOL_LISTEN", "::1:80", "host:port with a port from 0 to 65535"),
    ("ONEPOOL_LISTEN", "a b:80", "host:port with a port from 0 to 65535"),
    ("ONEPOOL_COLOUR", "blue", "one of red, green"),
    ("ONEPOOL_ITEMS", "a,,b", "up to 3 items with commas between them"),
    ("ONEPOOL_ITEMS", "a,b,c,d", "up to 3 items with commas between them"),
    ("ONEPOOL_LOUD", "yes", "true or false"),
    ("ONEPOOL_BALANCING", "random", "one of pick_first, round_robin"),
    ("ONEPOOL_BALANCING", "pick-first", "one of pick_first, round_robin"),
    ("ONEPOOL_POOL", "", PeerTarget.allowed),
    ("ONEPOOL_POOL", "pool", PeerTarget.allowed),
    ("ONEPOOL_POOL", "pool:0", PeerTarget.allowed),
    ("ONEPOOL_POOL", "pool:7001,", PeerTarget.allowed),
    ("ONEPOOL_POOL", "pool:7001,pool:7001", PeerTarget.allowed),
    ("ONEPOOL_POOL", "dns:///", PeerTarget.allowed),
    ("ONEPOOL_POOL", "dns:///a:1,b:1", PeerTarget.allowed),
    ("ONEPOOL_POOL", "dns://8.8.8.8/pool:7001", PeerTarget.allowed),
    ("ONEPOOL_POOL", "http://pool:7001", PeerTarget.allowed),
    ("ONEPOOL_POOL", (1...17).map { "10.0.0.\($0):1" }.joined(separator: ","), PeerTarget.allowed),
  ])
  func wrongValueIsRefused(_ wrong: (name: String, value: String, allowed: String)) {
    let expected = Settings.Exit(
      status: 64,
      text: "onepool-test: \(wrong.name) is \"\(wrong.value)\": must be \(wrong.allowed)\n")
    #expect(throws: expected) { try settings([wrong.name: wrong.value]) }
  }

  @Test(arguments: [
    ("pool:7001", "pool:7001"), ("10.0.0.1:1,10.0.0.2:1", "10.0.0.1:1,10.0.0.2:1"),
    ("a:1, [::1]:2", "a:1,[::1]:2"), ("dns:///pool:7001", "pool:7001"),
  ])
  func peersAreRead(_ form: (text: String, target: String)) throws {
    let settings = try settings(["ONEPOOL_POOL": form.text, "ONEPOOL_BALANCING": "round_robin"])
    #expect(settings[Self.peer].description == form.target)
    #expect(settings[CommonSettings.balancing] == .roundRobin)
  }

  /// Goal: a token that no header can carry is refused, and shown nowhere.
  @Test(arguments: ["two words", "naïve", "a\tb", String(repeating: "x", count: 4097)])
  func wrongTokenIsRefusedUnseen(_ token: String) {
    let exit = #expect(throws: Settings.Exit.self) { try settings(["ONEPOOL_TOKEN": token]) }
    #expect(exit?.text.contains("ONEPOOL_TOKEN is not allowed: must be up to 4096") == true)
    #expect(exit?.text.contains(token) == false)
  }

  @Test func refusalIsOneLine() throws {
    let exit = #expect(throws: Settings.Exit.self) {
      try settings(["ONEPOOL_LOOPS": "1\n2\r3" + String(repeating: "x", count: 500)])
    }
    let text = try #require(exit?.text)
    #expect(text.split(whereSeparator: \.isNewline).count == 1 && text.utf8.count < 400)
  }

  @Test func secretComesFromAFile() throws {
    let path = NSTemporaryDirectory() + "onepool-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("hunter2\n".utf8).write(to: URL(fileURLWithPath: path))
    let settings = try settings(["ONEPOOL_KEY_FILE": path])
    #expect(settings[Self.key]?.text == "hunter2")
    #expect(!"\(settings)".contains("hunter2"))
    let both = #expect(throws: Settings.Exit.self) {
      try self.settings(["ONEPOOL_KEY_FILE": path, "ONEPOOL_KEY": "x"])
    }
    #expect(both?.text.contains("are both set") == true)
    #expect(throws: Settings.Exit.self) { try self.settings(["ONEPOOL_KEY_FILE": "/nowhere"]) }
  }

  @Test func helpListsEverySetting() throws {
    let exit = try #require(
      #expect(throws: Settings.Exit.self) { try settings([:], ["--help"]) })
    #expect(exit.status == 0)
    for setting in Self.all {
      #expect(exit.text.contains(setting.name))
      #expect(exit.text.contains(setting.about))
      #expect(exit.text.contains(setting.allowed))
      let text = setting.defaultText
      #expect(exit.text.contains(text.isEmpty ? "not set by default" : "default \(text)\n"))
    }
    #expect(exit.text.contains("ONEPOOL_KEY[_FILE]"))
    #expect(
      throws: Settings.Exit(status: 0, text: "onepool-test 1.2.3\n")
    ) { try settings([:], ["--version"]) }
    #expect(
      throws: Settings.Exit(
        status: 64, text: "onepool-test: unknown argument \"--port\": try --help\n")
    ) { try settings([:], ["--port", "1"]) }
  }

  @Test func misspeltNameIsNoticed() throws {
    let settings = try settings([
      "ONEPOOL_LOPS": "3", "ONEPOOL_GATEWAY_WORKERS": "3", "ONEPOOL_KEY_FIL": "x", "HOME": "/",
    ])
    #expect(settings.unknownNames == ["ONEPOOL_KEY_FIL", "ONEPOOL_LOPS"])
  }
}
