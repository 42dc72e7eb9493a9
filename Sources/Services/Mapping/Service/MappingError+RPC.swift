public import MappingDomain
internal import Primitives
public import RPCCore

extension MappingError: RPCErrorConvertible {
  public var rpcError: RPCError {
    switch self {
    case .channelUnknown(let id):
      RPCError(
        .notFound, "CHANNEL_UNKNOWN", "There is no channel \(id).", ["channelId": id.text])
    case .accountUnknown(let id):
      RPCError(
        .notFound, "ACCOUNT_UNKNOWN", "There is no account \(id).", ["accountId": id.text])
    case .accountExists(let id, let externalID):
      RPCError(
        .alreadyExists, "ACCOUNT_EXISTS",
        "The account \(id) is on another channel, or the shop \(externalID) belongs to another account.",
        ["accountId": id.text, "externalId": externalID])
    case .etagMismatch(let id):
      RPCError(
        .aborted, "ETAG_MISMATCH",
        "The account \(id) was changed since it was read; read it again.", ["accountId": id.text])
    case .listingUnknown(let id):
      RPCError(
        .notFound, "LISTING_UNKNOWN", "There is no listing \(id).", ["listingId": id.text])
    case .linkExists(let id):
      RPCError(
        .alreadyExists, "LINK_EXISTS",
        "The listing \(id) has another live link; unlink it first.", ["listingId": id.text])
    case .sequenceUnknown(let sequence):
      RPCError(
        .outOfRange, "SEQUENCE_UNKNOWN",
        "Sequence \(sequence) lies in the future; start from 0.", ["sequence": "\(sequence)"])
    }
  }
}
