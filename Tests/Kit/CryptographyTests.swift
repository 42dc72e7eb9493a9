import Foundation
import Testing

@testable import Kit

@Suite struct CryptographyTests {
  /// Source: RFC 4231, sections 4.2 to 4.8 (the truncated case 5 left out).
  @Test(arguments: [
    (
      String(repeating: "0b", count: 20), "4869205468657265",
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      "0102030405060708090a0b0c0d0e0f10111213141516171819", String(repeating: "cd", count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      String(repeating: "aa", count: 131),
      "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20"
        + "48617368204b6579204669727374",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
  ])
  func keyedHashMatchesRFC4231(_ vector: (key: String, message: String, code: String)) throws {
    let key = try #require(Hex.decode(vector.key))
    let message = try #require(Hex.decode(vector.message))
    #expect(Hex.encode(HMAC.sha256(key: key, message)) == vector.code)
  }

  /// Source: RFC 2202, section 3, cases 1 and 2.
  @Test func keyedSHA1MatchesRFC2202() throws {
    let first = HMAC.sha1(key: [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8))
    #expect(Hex.encode(first) == "b617318655057264e28bc0b6fb378c8ef146be00")
    let second = HMAC.sha1(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
    #expect(Hex.encode(second) == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
  }

  @Test func hashMatchesFIPS180() {
    #expect(
      Hex.encode(SHA256.hash("abc"))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      Hex.encode(SHA256.hash(""))
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(SHA256.hash([[97], [], [98, 99]]) == SHA256.hash("abc"))
    #expect(HMAC.sha256(key: [], []) == HMAC.sha256(key: "", ""))
  }

  @Test func hexAndBase64RefuseWhatTheyDoNotWrite() {
    #expect(Hex.decode("00fF") == [0, 255])
    for wrong in ["0", "0g", "zz", "0 "] { #expect(Hex.decode(wrong) == nil) }
    // Source: RFC 4648, section 10.
    let vectors = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map {
      Base64.encode(Array($0.utf8))
    }
    #expect(vectors == ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"])
    for count in 0..<40 {
      let bytes = SecureRandom.bytes(count)
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
      #expect(Base64.decodeFromURL(Base64.encodeForURL(bytes)) == bytes)
    }
    for wrong in ["a", "ab", "ab=c", "ab\n=", "a-b_", "YR==", "====", "YQ==YQ=="] {
      #expect(Base64.decode(wrong) == nil)
    }
    for wrong in ["a+b/", "YQ==", "é", "YR", "Y"] { #expect(Base64.decodeFromURL(wrong) == nil) }
  }

  @Test func constantTimeComparesLikeEquals() {
    #expect(ConstantTime.equal([], []))
    #expect(ConstantTime.equal([1, 2], [1, 2]))
    #expect(!ConstantTime.equal([1, 2], [1, 3]))
    #expect(!ConstantTime.equal([1, 2], [1, 2, 3]))
  }

  @Test func secretBoxOpensOnlyWhatItSealed() throws {
    let box = SecretBox(key: SecureRandom.bytes(32))
    for secret in [[], Array("partner key".utf8), SecureRandom.bytes(5000)] {
      let sealed = box.seal(secret, context: "shopee-1")
      #expect(sealed != box.seal(secret, context: "shopee-1"), "a nonce is never used twice")
      #expect(try box.open(sealed, context: "shopee-1") == secret)
      #expect(throws: SecretBox.Failure.altered) { try box.open(sealed, context: "shopee-2") }
      let other = SecretBox(key: SecureRandom.bytes(32))
      #expect(throws: SecretBox.Failure.altered) { try other.open(sealed, context: "shopee-1") }
    }
  }

  /// Goal: no altered bit passes. Method: turn each bit of a box, and cut it everywhere.
  @Test func alteredBoxDoesNotOpen() throws {
    let box = SecretBox(key: SecureRandom.bytes(32))
    let sealed = box.seal(Array("secret".utf8), context: "a")
    for bit in 0..<(sealed.count * 8) {
      var altered = sealed
      altered[bit / 8] ^= 1 << UInt8(bit % 8)
      #expect(throws: SecretBox.Failure.self) { try box.open(altered, context: "a") }
    }
    for count in 0..<sealed.count {
      #expect(throws: SecretBox.Failure.self) {
        try box.open(Array(sealed.prefix(count)), context: "a")
      }
    }
  }

  @Test func keyFileIsMadeOnceAndGuarded() throws {
    let path = NSTemporaryDirectory() + "onepool-\(UUID().uuidString).key"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let keys = try KeyFile.load(orCreate: path)
    #expect(keys.map(\.count) == [32])
    #expect(try KeyFile.load(orCreate: path) == keys)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    #expect(throws: KeyFile.Failure.self) { try KeyFile.load(orCreate: path) }
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    try Data("short".utf8).write(to: URL(fileURLWithPath: path))
    #expect(throws: KeyFile.Failure.self) { try KeyFile.load(orCreate: path) }
    #expect(throws: KeyFile.Failure.self) { try KeyFile.load(orCreate: "/nowhere/at/all.key") }
  }

  /// Goal: a key file has all of its bytes as soon as it has its name. Method: many make it at the same time; each
  /// reads the one key, and nothing else is left.
  @Test func keyFileIsWholeOrNotThere() async throws {
    let folder = NSTemporaryDirectory() + "onepool-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/a.key"
    let keys = try await withThrowingTaskGroup(of: [[UInt8]].self) { group in
      for _ in 0..<16 { group.addTask { try KeyFile.load(orCreate: path) } }
      return try await group.reduce(into: Set()) { $0.insert($1) }
    }
    #expect(keys.count == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.key"])
  }

  @Test func uuidsHaveTheirForm() {
    let form = #/[0-9a-f]{8}-[0-9a-f]{4}-[48][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/#
    #expect(UUIDText.random().wholeMatch(of: form) != nil)
    #expect(UUIDText.random() != UUIDText.random())
    #expect(UUIDText.derived(from: "a/1/pool").wholeMatch(of: form) != nil)
    #expect(UUIDText.derived(from: "a/1/pool") == UUIDText.derived(from: "a/1/pool"))
    #expect(UUIDText.derived(from: "a/1/pool") != UUIDText.derived(from: "a/2/pool"))
  }
}
