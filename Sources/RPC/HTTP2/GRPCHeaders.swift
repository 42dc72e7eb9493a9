internal import RPCCore

/// The header blocks of gRPC's answers (`doc/PROTOCOL-HTTP2.md`, Responses).
enum GRPCHeaders {
  static let response = HeaderBlock([(":status", "200"), ("content-type", "application/grpc")])
  static let okTrailers = HeaderBlock([("grpc-status", "0")])

  static func trailers(_ error: RPCError) -> HeaderBlock {
    HeaderBlock(status(error))
  }

  static func trailersOnly(_ error: RPCError) -> HeaderBlock {
    HeaderBlock([(":status", "200"), ("content-type", "application/grpc")] + status(error))
  }

  private static func status(_ error: RPCError) -> [(String, String)] {
    var fields = [("grpc-status", "\(error.code.rawValue)")]
    if !error.message.isEmpty {
      fields.append(("grpc-message", PercentCodec.encodeMessage(error.message)))
    }
    let details = error.statusDetails()
    if !details.isEmpty {
      fields.append(("grpc-status-details-bin", Base64Codec.encode(details)))
    }
    return fields
  }
}
