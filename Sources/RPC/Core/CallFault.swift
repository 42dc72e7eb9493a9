/// What a caller did wrong in one call, whose connection goes on. The text is a label of a metric, and in upper case
/// the reason that most of them are told.
public enum CallFault: String, CaseIterable, Sendable {
  /// A header list above the limit (431).
  case headersTooLarge = "headers_too_large"
  /// A message above the limit, as it came or decompressed.
  case messageTooLarge = "message_too_large"
  /// A message or a body was not whole in time.
  case messageOverdue = "message_overdue"
  /// The input ended before or inside a message that was due.
  case messageMissing = "message_missing"
  /// More messages than the method takes.
  case messageSurplus = "message_surplus"
  /// A message that is not protobuf, or not base64 in a query.
  case messageMalformed = "message_malformed"
  case jsonMalformed = "json_malformed"
  /// Envelopes of the Connect protocol that make no sense.
  case envelopeMalformed = "envelope_malformed"
  case compressionUnsupported = "compression_unsupported"
  case compressionUndeclared = "compression_undeclared"
  case compressionMalformed = "compression_malformed"
  case metadataMalformed = "metadata_malformed"
  case timeoutMalformed = "timeout_malformed"
  case encodingUnsupported = "encoding_unsupported"
  case versionUnsupported = "version_unsupported"
  case serviceUnknown = "service_unknown"
  case methodUnknown = "method_unknown"
  /// An answer of which the peer took nothing for too long.
  case stalled
  /// More answers waited on one connection than may.
  case answersWaiting = "answers_waiting"
  /// Frames that break their stream (RFC 9113, 5.4.2).
  case streamBroken = "stream_broken"
  /// A stream beyond those that one connection may have open.
  case streamsExhausted = "streams_exhausted"
  /// A plain body above its route's limit (413).
  case bodyTooLarge = "body_too_large"
  /// Nothing is under the path (404).
  case pathUnknown = "path_unknown"
  /// The path is not asked in this way (405).
  case verbNotAllowed = "verb_not_allowed"
  /// A content type that the path does not take (415).
  case mediaTypeUnsupported = "media_type_unsupported"

  /// What a transport refused; nil for what a service or a policy says, whose errors carry their domain.
  init?(_ error: RPCError) {
    guard error.domain.isEmpty, !error.reason.isEmpty else { return nil }
    self.init(rawValue: error.reason.lowercased())
  }
}

extension RPCError {
  /// Who defines the reasons of the RPC layer itself.
  package static let transportDomain = "rpc.onepool"

  /// The error with a name for its reason's owner.
  func owned(by domain: String) -> RPCError {
    guard self.domain.isEmpty, !reason.isEmpty else { return self }
    var owned = self
    owned.domain = domain
    return owned
  }
}
