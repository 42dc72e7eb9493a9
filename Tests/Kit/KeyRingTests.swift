import Foundation
import Testing

@testable import Kit

@Suite struct KeyRingTests {
  private func path() -> String { NSTemporaryDirectory() + "onepool-\(UUID().uuidString).key" }

  /// Goal: at each step of a change everything opens that was sealed before, over a restart too.
  @Test func oldKeysOpenUntilTheyAreDropped() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let ring = try KeyRing(file: path)
    let old = ring.box.seal([1], context: "a")
    #expect(!ring.hasOldKeys)
    try ring.addKey()
    #expect(ring.hasOldKeys)
    let new = ring.box.seal([2], context: "a")
    for ring in [ring, try KeyRing(file: path)] {
      #expect(try ring.box.open(old, context: "a") == [1])
      #expect(try ring.box.open(new, context: "a") == [2])
    }
    try ring.addKey()
    #expect(try ring.box.open(old, context: "a") == [1], "a change that is not over goes on")
    try ring.dropKeys(olderThan: ring.box)
    for ring in [ring, try KeyRing(file: path)] {
      #expect(!ring.hasOldKeys)
      #expect(throws: SecretBox.Failure.altered) { try ring.box.open(old, context: "a") }
      #expect(try ring.box.open(new, context: "a") == [2])
    }
  }

  /// Goal: whoever ends a change late drops no key that a newer change still needs.
  @Test func lateDropLeavesNewerKeysAlone() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let ring = try KeyRing(file: path)
    try ring.addKey()
    let late = ring.box
    try ring.dropKeys(olderThan: late)
    let sealed = ring.box.seal([1], context: "a")
    try ring.addKey()
    try ring.dropKeys(olderThan: late)
    #expect(try ring.box.open(sealed, context: "a") == [1])
  }

  @Test func fileHoldsAFewWholeKeys() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let line = String(repeating: "0f", count: 32) + "\n"
    for (text, count) in [
      (line, 1), (line + line, 2), (String(line.dropLast()), 1), ("", nil), (line + "0f\n", nil),
      (String(repeating: line, count: 8), 8), (String(repeating: line, count: 9), nil),
    ] as [(String, Int?)] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
      #expect((try? KeyFile.load(orCreate: path))?.count == count, "\(text.count) bytes")
    }
  }

  @Test func replacedFileIsStillGuarded() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let ring = try KeyRing(file: path)
    try ring.addKey()
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    try FileManager.default.removeItem(atPath: path)
    let gone = try KeyRing(file: path)
    #expect(throws: Never.self) { try gone.addKey() }
  }

  @Test func givenKeysAreReadNewestFirst() throws {
    let setting = Setting<[Secret]>.keys("ONEPOOL_X", "keys")
    let (a, b) = (String(repeating: "a1", count: 32), String(repeating: "b2", count: 32))
    let cases: [(String, Int?)] = [
      ("", 0), (a, 1), ("\(a),\(b)", 2), ("\(a),", nil), ("\(a) ", nil), (a + "00", nil),
      ("zz" + a.dropFirst(2), nil), (Array(repeating: a, count: 9).joined(separator: ","), nil),
    ]
    for (text, count) in cases {
      #expect((setting.value(text) as? [Secret])?.count == count, "\(text)")
    }
    let keys = try #require(setting.value("\(a),\(b)") as? [Secret])
    let ring = KeyRing(keys: keys.map(\.bytes))
    let old = KeyRing(keys: [keys[1].bytes]).box.seal([7], context: "c")
    #expect(try ring.box.open(old, context: "c") == [7])
    try ring.dropKeys(olderThan: ring.box)
    #expect(ring.hasOldKeys, "the operator takes them away")
  }
}
