internal import RPCCore

/// How the messages of one side of a call may be compressed (`doc/compression.md`).
enum MessageEncoding: String {
  case identity
  case gzip

  /// What we take, as `grpc-accept-encoding` says it.
  static let accepted = "identity,gzip"

  /// Whether a list such as `identity, deflate, gzip` names gzip.
  static func acceptsGzip(_ list: String) -> Bool {
    list.split(separator: ",").contains { $0.drop { $0 == " " }.prefix { $0 != " " } == "gzip" }
  }
}

/// A message that came, and how.
struct FramedMessage {
  var bytes: [UInt8]
  var wasCompressed = false
  /// What it took on the wire, its prefix included, in bytes.
  var wireBytes: Int
}

/// Length-prefixed messages: a flag byte, four bytes of length, the message (`doc/PROTOCOL-HTTP2.md`).
struct MessageFraming {
  static let prefixBytes = MessagePrefix.bytes
  private var buffer: [UInt8] = []
  private var start = 0
  /// A message that came alone and at once, as those of most unary calls do; then nothing is buffered.
  private var whole: [UInt8]?
  let maximumBytes: Int
  /// What the other side said of its messages.
  var encoding = MessageEncoding.identity

  init(maximumBytes: Int) {
    self.maximumBytes = maximumBytes
  }

  /// Bytes that came and are not part of a message taken yet.
  var bufferedBytes: Int { whole.map { Self.prefixBytes + $0.count } ?? buffer.count - start }
  var isEmpty: Bool { bufferedBytes == 0 }

  /// Whether `next` has something to say: a whole message, or one that is not taken.
  var hasMessage: Bool {
    if whole != nil { return true }
    guard let length else { return false }
    return buffer[start] > 1 || length > maximumBytes
      || bufferedBytes >= Self.prefixBytes + length
  }

  /// The length of the message at the front, once its prefix is whole.
  private var length: Int? {
    guard buffer.count - start >= Self.prefixBytes else { return nil }
    return buffer[(start + 1)..<(start + 5)].reduce(0) { $0 << 8 | Int($1) }
  }

  mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let message = whole {
      whole = nil
      Self.frame(message, compressed: false, into: &buffer)
    } else if buffer.isEmpty, bytes.count >= Self.prefixBytes, bytes[0] == 0 {
      let length = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
      if length == bytes.count - Self.prefixBytes, length <= maximumBytes {
        whole = Array(bytes[Self.prefixBytes...])
        return
      }
    }
    buffer.append(contentsOf: bytes)
  }

  /// The next whole message; nil when more bytes are needed.
  ///
  /// - Throws: RESOURCE_EXHAUSTED for one that is too large, as it came or decompressed; INTERNAL for a flag that makes
  ///   no sense, or for bytes that are not what the flag says.
  mutating func next() throws(RPCError) -> FramedMessage? {
    if let message = whole {
      whole = nil
      return FramedMessage(bytes: message, wireBytes: Self.prefixBytes + message.count)
    }
    guard let length else { return nil }
    let flag = buffer[start]
    guard flag == 0 || flag == 1 && encoding == .gzip else {
      throw RPCError(
        .internalError, "COMPRESSION_UNDECLARED",
        "A message says that it is compressed, and grpc-encoding does not say how.")
    }
    guard length <= maximumBytes else { throw tooLarge(length) }
    guard bufferedBytes >= Self.prefixBytes + length else { return nil }
    let first = start + Self.prefixBytes
    var message = Array(buffer[first..<(first + length)])
    start = first + length
    if start == buffer.count {
      buffer.removeAll(keepingCapacity: true)
      start = 0
    } else if start > 64 << 10 {
      buffer.removeSubrange(..<start)
      start = 0
    }
    if flag == 1 { message = try decompressed(message) }
    return FramedMessage(
      bytes: message, wasCompressed: flag == 1, wireBytes: Self.prefixBytes + length)
  }

  private func decompressed(_ message: [UInt8]) throws(RPCError) -> [UInt8] {
    do {
      return try Gzip.decompress(message, atMost: maximumBytes)
    } catch {
      switch error {
      case .tooLarge: throw tooLarge(nil)
      case .malformed:
        throw RPCError(
          .internalError, "COMPRESSION_MALFORMED", "A message cannot be decompressed.")
      }
    }
  }

  private func tooLarge(_ count: Int?) -> RPCError {
    var metadata = ["maximumBytes": "\(maximumBytes)"]
    if let count { metadata["messageBytes"] = "\(count)" }
    return RPCError(
      .resourceExhausted, "MESSAGE_TOO_LARGE",
      "The message has \(count.map { "\($0)" } ?? "too many") bytes; \(maximumBytes) are allowed.",
      metadata)
  }

  /// Appends `message` with its prefix to `output`.
  static func frame(_ message: [UInt8], compressed: Bool, into output: inout [UInt8]) {
    let length = UInt32(message.count)
    output.reserveCapacity(output.count + prefixBytes + message.count)
    output.append(compressed ? 1 : 0)
    withUnsafeBytes(of: length.bigEndian) { output.append(contentsOf: $0) }
    output.append(contentsOf: message)
  }
}
