internal import RPCCore

/// The header blocks of gRPC's answers (`doc/PROTOCOL-HTTP2.md`, Responses).
enum GRPCHeaders {
  private static let head = [(":status", "200"), ("content-type", "application/grpc")]
  private static let encoding = [
    ("grpc-encoding", "gzip"), ("grpc-accept-encoding", MessageEncoding.accepted),
  ]
  private static let plain = HeaderBlock(fixed: head)
  private static let compressed = HeaderBlock(fixed: head + encoding)
  private static let ok = HeaderBlock(fixed: [("grpc-status", "0")])

  /// What comes before the messages.
  static func response(gzip: Bool, _ metadata: Metadata?) -> HeaderBlock {
    guard let metadata, !metadata.isEmpty else { return gzip ? compressed : plain }
    return HeaderBlock(head + (gzip ? encoding : []) + fields(metadata))
  }

  static func okTrailers(_ metadata: Metadata?) -> HeaderBlock {
    guard let metadata, !metadata.isEmpty else { return ok }
    return HeaderBlock([("grpc-status", "0")] + fields(metadata))
  }

  static func trailers(_ error: RPCError, _ metadata: Metadata) -> HeaderBlock {
    HeaderBlock(status(error) + fields(metadata))
  }

  static func trailersOnly(_ error: RPCError, _ metadata: Metadata) -> HeaderBlock {
    var extra: [(String, String)] = []
    // `doc/compression.md`: who is refused learns what is taken.
    if error.reason == compressionUnsupported {
      extra.append(("grpc-accept-encoding", MessageEncoding.accepted))
    }
    return HeaderBlock(head + extra + status(error) + fields(metadata))
  }

  static let compressionUnsupported = "COMPRESSION_UNSUPPORTED"

  private static func fields(_ metadata: Metadata) -> [(String, String)] {
    metadata.entries.map { ($0.name, $0.value) }
  }

  /// Most clients take 8 KiB of trailers and make another error, RESOURCE_EXHAUSTED, of a call that has more: these
  /// leave 1 KiB for a handler's own.
  static let messageBytes = 1_024
  static let detailBytes = 4_096

  private static func status(_ error: RPCError) -> [(String, String)] {
    var fields = [("grpc-status", "\(error.code.rawValue)")]
    var error = error
    error.message = cut(error.message)
    if !error.message.isEmpty {
      fields.append(("grpc-message", PercentCodec.encodeMessage(error.message)))
    }
    let details = error.statusDetails(atMost: detailBytes)
    if !details.isEmpty {
      fields.append(("grpc-status-details-bin", Base64Codec.encode(details)))
    }
    return fields
  }

  /// As much of a text as there is room for.
  private static func cut(_ text: String) -> String {
    // A byte has three at most.
    guard text.utf8.count > messageBytes / 3, excess(of: text) > 0 else { return text }
    var kept = text.unicodeScalars.prefix(messageBytes)
    while true {
      let cut = String(kept) + "…"
      let excess = excess(of: cut)
      guard excess > 0 else { return cut }
      // A scalar has twelve bytes at most.
      kept = kept.dropLast((excess + 11) / 12)
    }
  }

  private static func excess(of text: String) -> Int {
    PercentCodec.encodeMessage(text).utf8.count - messageBytes
  }
}
