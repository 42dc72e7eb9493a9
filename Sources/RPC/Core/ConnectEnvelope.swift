internal import Foundation
public import Primitives

/// Messages of a stream by the Connect protocol: gRPC's prefix, and a last message for the status
/// (connectrpc.com/docs/protocol, "Streaming-RPCs").
package enum ConnectEnvelope {
  static let prefixBytes = MessagePrefix.bytes
  static let compressed: UInt8 = 1
  static let endOfStream: UInt8 = 2

  static func frame(_ payload: [UInt8], flags: UInt8) -> [UInt8] {
    withUnsafeBytes(of: UInt32(payload.count).bigEndian) { [flags] + Array($0) } + payload
  }

  /// EndStreamResponse: how the call ended, and what gRPC sends as trailers.
  package static func end(_ error: RPCError?, _ metadata: Metadata) -> [UInt8] {
    var object: [String: Any] = [:]
    if let error { object["error"] = ConnectProtocol.object(of: error) }
    if !metadata.isEmpty {
      object["metadata"] = Dictionary(grouping: metadata.entries, by: \.name)
        .mapValues { $0.map(\.value) }
    }
    return frame(ConnectProtocol.json(object), flags: endOfStream)
  }
}

/// What the headers of a Connect stream say of it.
public struct ConnectStreamHead: Sendable {
  public var codec: MessageCodec
  public var deadline = Deadline.never
  /// Whether the caller's messages may come with gzip.
  public var takesGzip = false
  /// Whether the caller takes messages with gzip.
  public var acceptsGzip = false
  /// The caller's own entries.
  public var metadata = Metadata()

  /// The codec that a content type of the streaming protocol names; nil when it is another protocol's.
  public static func codec(contentType: String) -> MessageCodec? {
    switch ConnectProtocol.mediaType(contentType) {
    case "application/connect+json": .json
    case "application/connect+proto": .proto
    default: nil
    }
  }

  public init(
    codec: MessageCodec, fields: [(name: String, value: String)]
  ) throws(RPCError) {
    self.codec = codec
    for (name, value) in fields {
      switch name {
      case "connect-protocol-version": try ConnectProtocol.checkVersion(value)
      case "connect-timeout-ms": deadline = try ConnectProtocol.deadline(value)
      case "connect-content-encoding":
        takesGzip = try ConnectProtocol.isGzip(value)
      case "connect-accept-encoding": acceptsGzip = ConnectProtocol.acceptsGzip(value)
      default: if !ConnectProtocol.isReserved(name) { metadata.add(name, value) }
      }
    }
  }

  /// The header fields of the answer.
  public static func response(
    _ codec: MessageCodec, gzip: Bool, _ metadata: Metadata
  ) -> [(name: String, value: String)] {
    var fields = [
      (name: "content-type", value: "application/connect+\(codec == .json ? "json" : "proto")")
    ]
    // Said once for all messages, whichever of them will be compressed.
    if gzip { fields.append(("connect-content-encoding", "gzip")) }
    return fields + metadata.entries.map { ($0.name, $0.value) }
  }

  /// The whole answer of a stream that never began: its status is in its body, whatever it is.
  static func failure(_ error: RPCError, _ codec: MessageCodec) -> HTTPResponse {
    HTTPResponse(
      status: 200, headers: response(codec, gzip: false, Metadata()),
      body: ConnectEnvelope.end(error, Metadata()))
  }

  /// What a unary method answers to a stream.
  public static let notStreaming = ConnectProtocol.unsupported(
    "application/json", "application/proto")
}
