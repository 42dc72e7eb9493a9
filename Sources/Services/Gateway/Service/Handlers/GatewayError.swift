internal import ChannelAdapter
internal import RPCCore

/// What the gateway refuses, beside wrong fields.
enum GatewayError: Error, Equatable {
  case channelUnsupported(String)
  case credentialMissing(String)
  case authorisationUnsupported(String)
  case accountExists(accountID: String, externalID: String)
  case accountUnknown(String)
  case channelUnavailable(accountID: String, reason: String)
  case channelRefused(accountID: String, reason: String)
  case listingUnknown(String)
  case eventUnknown(Int64)
  case alertUnknown(Int64)
  case noticeUnknown(accountID: String, subject: String)
  case keyGiven
  case keyUnwritable
  case stockUnreadable(String)
  case stockUnknown(String)
  case catchUpUnknown(Int64)
  case cancelUnsupported(String)
}

extension GatewayError: RPCErrorConvertible {
  var rpcError: RPCError {
    switch self {
    case .channelUnsupported(let id):
      RPCError(
        .invalidArgument, "CHANNEL_UNSUPPORTED", "This gateway has no adapter for channel \(id).",
        ["channelId": id])
    case .credentialMissing(let name):
      RPCError(
        .invalidArgument, "CREDENTIAL_MISSING", "The channel needs the credential \(name).",
        ["name": name])
    case .authorisationUnsupported(let id):
      RPCError(
        .failedPrecondition, "AUTHORISATION_UNSUPPORTED",
        "Accounts of channel \(id) are connected with keys.", ["channelId": id])
    case .accountExists(let accountID, let externalID):
      RPCError(
        .alreadyExists, "ACCOUNT_EXISTS",
        "Account \(accountID) is connected to another shop, or shop \(externalID) to another account.",
        ["accountId": accountID, "externalId": externalID])
    case .accountUnknown(let id):
      RPCError(.notFound, "ACCOUNT_UNKNOWN", "Account \(id) is not connected.", ["accountId": id])
    case .channelUnavailable(let accountID, let reason):
      RPCError(
        .unavailable, "CHANNEL_UNAVAILABLE",
        "The channel of \(accountID) does not answer: \(reason)",
        ["accountId": accountID, "reason": reason])
    case .channelRefused(let accountID, let reason):
      RPCError(
        .failedPrecondition, "CHANNEL_REFUSED", "The channel of \(accountID) refuses: \(reason)",
        ["accountId": accountID, "reason": reason])
    case .listingUnknown(let id):
      RPCError(
        .notFound, "LISTING_UNKNOWN", "No listing \(id) is pushed.", ["listingId": id])
    case .eventUnknown(let id):
      RPCError(
        .notFound, "EVENT_UNKNOWN", "The inbox has no event \(id).", ["inboxId": "\(id)"])
    case .alertUnknown(let id):
      RPCError(.notFound, "ALERT_UNKNOWN", "There is no alert \(id).", ["alertId": "\(id)"])
    case .noticeUnknown(let accountID, let subject):
      RPCError(
        .notFound, "NOTICE_UNKNOWN",
        "The channel of \(accountID) was not to be told of \(subject).",
        ["accountId": accountID, "subject": subject])
    case .keyGiven:
      RPCError(
        .failedPrecondition, "KEY_GIVEN",
        "The keys were given to the gateway: put a new one in front of ONEPOOL_GATEWAY_KEYS, restart "
          + "it, then take the old one away.", [:])
    case .stockUnreadable(let id):
      RPCError(
        .failedPrecondition, "STOCK_UNREADABLE",
        "The channel of \(id) does not tell what its listings show.", ["accountId": id])
    case .stockUnknown(let id):
      RPCError(
        .unavailable, "STOCK_UNKNOWN",
        "The gateway does not know yet what all listings of \(id) should show: try again.",
        ["accountId": id])
    case .keyUnwritable:
      RPCError(
        .unavailable, "KEY_UNWRITABLE",
        "The new key could not be kept; nothing has changed. The gateway's log says why.", [:])
    case .catchUpUnknown(let id):
      RPCError(
        .notFound, "CATCH_UP_UNKNOWN", "There is no catch-up \(id).", ["catchUpId": "\(id)"])
    case .cancelUnsupported(let id):
      RPCError(
        .failedPrecondition, "CANCEL_UNSUPPORTED",
        "The channel of \(id) lets no seller cancel an order.", ["accountId": id])
    }
  }

  init(_ error: ChannelError, account: String) {
    switch error {
    case .unavailable, .rateLimited, .tokenExpired, .malformed:
      self = .channelUnavailable(accountID: account, reason: error.text)
    case .unauthorised, .suspended, .notFound, .refused:
      self = .channelRefused(accountID: account, reason: error.text)
    }
  }
}
