import RPCCore
import Testing

@testable import RPCHTTP2

@Suite struct MessageFramingTests {
  private func frame(_ message: [UInt8], compressed: Bool = false) -> [UInt8] {
    var bytes: [UInt8] = []
    MessageFraming.frame(message, compressed: compressed, into: &bytes)
    return bytes
  }

  private func append(_ bytes: [UInt8], to framing: inout MessageFraming) {
    bytes.withUnsafeBufferPointer { framing.append($0) }
  }

  /// Goal: messages come out the same, however their bytes are cut.
  @Test(arguments: 1...12) func messagesAreWholeHoweverTheyAreCut(_ size: Int) throws {
    let messages: [[UInt8]] = [[], [1], [2, 3, 4], [UInt8](repeating: 5, count: 100), [], [6]]
    let bytes = messages.flatMap { frame($0) }
    var framing = MessageFraming(maximumBytes: 1000)
    var seen: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
      let end = min(start + size, bytes.count)
      append(Array(bytes[start..<end]), to: &framing)
      start = end
      while let message = try framing.next() {
        #expect(message.wireBytes == message.bytes.count + 5 && !message.wasCompressed)
        seen.append(message.bytes)
      }
    }
    #expect(seen == messages && framing.isEmpty)
  }

  @Test func messageThatCameAloneWaitsForTheNext() throws {
    var framing = MessageFraming(maximumBytes: 1000)
    append(frame([1, 2]), to: &framing)
    #expect(framing.hasMessage && framing.bufferedBytes == 7)
    append(frame([3]), to: &framing)
    let first = try framing.next()
    let second = try framing.next()
    let third = try framing.next()
    #expect(first?.bytes == [1, 2] && second?.bytes == [3] && third == nil)
  }

  @Test func compressedMessageIsReadWhenItWasDeclared() throws {
    let message = [UInt8](repeating: 7, count: 500)
    var framing = MessageFraming(maximumBytes: 1000)
    framing.encoding = .gzip
    append(frame(Gzip.compress(message), compressed: true) + frame([1]), to: &framing)
    let first = try framing.next()
    #expect(first?.bytes == message && first?.wasCompressed == true)
    let second = try framing.next()
    #expect(second?.bytes == [1] && second?.wasCompressed == false)
  }

  @Test func wrongFramesAreRefused() {
    let huge = Gzip.compress([UInt8](repeating: 0, count: 100_000))
    let cases: [(encoding: MessageEncoding, bytes: [UInt8], reason: String)] = [
      (.identity, frame([1], compressed: true), "COMPRESSION_UNDECLARED"),
      (.gzip, [2, 0, 0, 0, 0], "COMPRESSION_UNDECLARED"),
      (.gzip, frame([1, 2, 3], compressed: true), "COMPRESSION_MALFORMED"),
      (.gzip, frame(huge, compressed: true), "MESSAGE_TOO_LARGE"),
      (.identity, [0, 0, 0, 0x03, 0xE9], "MESSAGE_TOO_LARGE"),
    ]
    for (encoding, bytes, reason) in cases {
      var framing = MessageFraming(maximumBytes: 1000)
      framing.encoding = encoding
      append(bytes, to: &framing)
      let error = #expect(throws: RPCError.self) { try framing.next() }
      #expect(error?.reason == reason)
    }
  }

  @Test(arguments: [
    ("gzip", true), ("identity, deflate, gzip", true), ("identity,gzip", true), ("", false),
    ("identity", false), ("gzipped", false), ("x-gzip", false),
  ])
  func listOfEncodingsIsRead(_ list: String, _ takesGzip: Bool) {
    #expect(MessageEncoding.acceptsGzip(list) == takesGzip)
  }
}
