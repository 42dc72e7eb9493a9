import Primitives
import Testing

@testable import CommandLineMain

/// What an operator may say of orders that customers come for; what becomes of it is in the system's tests.
@Suite struct PickupCommandsTests {
  @Test func hoursAreCountedFromNow() throws {
    let now = Timestamp(seconds: 1_700_000_000)
    #expect(try PickupCommands.expireTime(hours: "", now: now) == nil)
    #expect(try PickupCommands.expireTime(hours: "1", now: now) == now + .seconds(3600))
    #expect(try PickupCommands.expireTime(hours: "10000", now: now) == now + .seconds(36_000_000))
  }

  @Test(arguments: ["0", "-1", "10001", "x", "1.5", " 1", "9223372036854775808"])
  func hoursAreRefused(text: String) {
    #expect(throws: UsageError.self) {
      try PickupCommands.expireTime(hours: text, now: .zero)
    }
  }

  /// Goal: a wrong call is told before anybody is asked.
  @Test(arguments: [
    ["ready"], ["collect"], ["ready", "acc/1", "--hours"], ["ready", "acc/1", "--hours", "0"],
    ["ready", "acc/1", "--days", "2"], ["collect", "acc/1", "--hours", "2"],
  ])
  func wrongCallsAreRefused(words: [String]) async {
    #expect(await Program.run(words) == 64)
  }

  @Test(arguments: ["ready", "collect"])
  func helpTellsHowToCall(name: String) async throws {
    let command = try #require(Program.commands.first { $0.name == name })
    #expect(command.help.hasPrefix("usage: onepool \(name) ORDER"))
    #expect(command.options.keys.sorted() == (name == "ready" ? ["hours"] : []))
    #expect(await Program.run([name, "--help"]) == 0)
  }
}
