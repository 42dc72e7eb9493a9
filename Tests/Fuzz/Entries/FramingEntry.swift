import RPCCore

@testable import RPCHTTP2

/// Messages come out the same however the bytes were cut.
enum FramingEntry {
  private static let maximumBytes = 1 << 16

  /// The first byte says how large the pieces are, and whether messages may be compressed.
  static func run(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    let rest = bytes.dropFirst().map { $0 }
    let encoding: MessageEncoding = first & 1 == 0 ? .identity : .gzip
    let atOnce = messages(rest, pieceBytes: max(1, rest.count), encoding)
    let inPieces = messages(rest, pieceBytes: Int(first >> 1) + 1, encoding)
    precondition(atOnce == inPieces, "pieces make other messages than the whole")
    precondition(atOnce.allSatisfy { $0.count <= maximumBytes }, "a message is over the limit")
  }

  private static func messages(
    _ bytes: [UInt8], pieceBytes: Int, _ encoding: MessageEncoding
  ) -> [[UInt8]] {
    var framing = MessageFraming(maximumBytes: maximumBytes)
    framing.encoding = encoding
    var found: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + pieceBytes)
      bytes[start..<end].withUnsafeBufferPointer { framing.append($0) }
      start = end
      do {
        while let message = try framing.next() {
          precondition(message.wireBytes >= MessageFraming.prefixBytes, "a message has a prefix")
          found.append(message.bytes)
        }
      } catch {
        return found
      }
    }
    return found
  }
}
