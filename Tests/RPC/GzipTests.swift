import Testing

@testable import RPCCore

@Suite struct GzipTests {
  @Test(arguments: [0, 1, 100, 16_384, 1_000_000])
  func whatIsCompressedComesBack(_ count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
    #expect(try Gzip.decompress(Gzip.compress(bytes), atMost: count) == bytes)
  }

  @Test func severalMembersAreOne() throws {
    let two = Gzip.compress([1, 2]) + Gzip.compress([3])
    #expect(try Gzip.decompress(two, atMost: 3) == [1, 2, 3])
  }

  /// Goal: 64 MB of zeros in 64 KB are refused at the limit.
  @Test func bombsAreBoundedByTheLimit() {
    let bomb = Gzip.compress([UInt8](repeating: 0, count: 64 << 20))
    #expect(bomb.count < 1 << 20)
    #expect(throws: GzipError.tooLarge) { try Gzip.decompress(bomb, atMost: 4 << 20) }
    #expect(throws: GzipError.tooLarge) { try Gzip.decompress(Gzip.compress([1, 2]), atMost: 1) }
  }

  @Test func whatIsNoGzipIsMalformed() {
    let whole = Gzip.compress(Array("a text that goes on for a while, a while, a while".utf8))
    var wrongSum = whole
    wrongSum[whole.count - 8] ^= 1
    let cases: [[UInt8]] = [
      [], [0x1F], Array("plain".utf8), Array(whole.dropLast()), Array(whole.prefix(12)), wrongSum,
      whole + [1, 2, 3],
    ]
    for bytes in cases {
      #expect(throws: GzipError.malformed) { try Gzip.decompress(bytes, atMost: 1000) }
    }
  }
}
