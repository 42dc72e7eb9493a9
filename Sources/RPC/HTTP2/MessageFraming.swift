internal import RPCCore

/// Length-prefixed messages: a flag byte, four bytes of length, the message (`doc/PROTOCOL-HTTP2.md`).
struct MessageFraming {
  static let prefixBytes = 5
  private var buffer: [UInt8] = []
  private var start = 0
  let maximumBytes: Int

  init(maximumBytes: Int) {
    self.maximumBytes = maximumBytes
  }

  /// Bytes that came and are not part of a message taken yet.
  var bufferedBytes: Int { buffer.count - start }
  var isEmpty: Bool { bufferedBytes == 0 }

  /// Whether `next` has something to say: a whole message, or one that is not taken.
  var hasMessage: Bool {
    guard let length else { return false }
    return buffer[start] != 0 || length > maximumBytes
      || bufferedBytes >= Self.prefixBytes + length
  }

  /// The length of the message at the front, once its prefix is whole.
  private var length: Int? {
    guard bufferedBytes >= Self.prefixBytes else { return nil }
    return buffer[(start + 1)..<(start + 5)].reduce(0) { $0 << 8 | Int($1) }
  }

  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    buffer.append(contentsOf: bytes)
  }

  /// The next whole message; nil when more bytes are needed.
  ///
  /// - Throws: RESOURCE_EXHAUSTED for one that is too large, UNIMPLEMENTED for a compressed one.
  mutating func next() throws(RPCError) -> [UInt8]? {
    guard let length else { return nil }
    guard buffer[start] == 0 else {
      throw RPCError(
        .unimplemented, "COMPRESSION_UNSUPPORTED", "Messages must be sent uncompressed.")
    }
    guard length <= maximumBytes else {
      throw RPCError(
        .resourceExhausted, "MESSAGE_TOO_LARGE",
        "The message has \(length) bytes; \(maximumBytes) are allowed.",
        ["messageBytes": "\(length)", "maximumBytes": "\(maximumBytes)"])
    }
    guard bufferedBytes >= Self.prefixBytes + length else { return nil }
    let first = start + Self.prefixBytes
    let message = Array(buffer[first..<(first + length)])
    start = first + length
    if start == buffer.count {
      buffer.removeAll(keepingCapacity: true)
      start = 0
    } else if start > 64 << 10 {
      buffer.removeSubrange(..<start)
      start = 0
    }
    return message
  }

  /// Appends `message` with its prefix to `output`.
  static func frame(_ message: [UInt8], into output: inout [UInt8]) {
    let length = UInt32(message.count)
    output.reserveCapacity(output.count + prefixBytes + message.count)
    output.append(0)
    withUnsafeBytes(of: length.bigEndian) { output.append(contentsOf: $0) }
    output.append(contentsOf: message)
  }
}
