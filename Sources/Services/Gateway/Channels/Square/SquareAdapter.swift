public import ChannelAdapter
public import Primitives
internal import RPCCore

/// Square: point of sale and its online orders.
///
/// The account's `externalID` is a **location's** ID: stock, orders and events are of one, and two
/// accounts of one merchant may share their tokens. Its `baseURL` is the host, to which `/v2/…` and
/// `/oauth2/token` are added.
///
/// - Note: Source: developer.squareup.com, Orders, Inventory, Catalog and webhooks;
///   square/connect-api-specification `api.json`.
public struct SquareAdapter: ChannelAdapter {
  public let channelID = ChannelID(trusted: "square")

  /// The version that is spoken: without the header Square takes the application's own.
  public static let apiVersion = "2025-10-16"

  /// Square publishes no rate. An event wants a 2xx within 10 s.
  public let traits = ChannelTraits(
    requiredCredentials: [SquareCredential.accessToken, SquareCredential.signatureKey],
    optionalCredentials: [
      ChannelAccount.previous(SquareCredential.signatureKey), SquareCredential.refreshToken,
      SquareCredential.clientID, SquareCredential.clientSecret, SquareCredential.merchantID,
      ChannelAccount.accessTokenEndName,
    ],
    callsPerSecond: 10, pushBatch: SquareLimits.changes, maximumQuantity: 999_999,
    sellsFromOwnLocation: true)

  public init() {}

  /// One call takes counts of any variations.
  public func groupKey(_ listing: ChannelListing) -> String { "" }
}

enum SquareCredential {
  static let accessToken = "access_token"
  /// Of the webhook subscription; signs Square's events.
  static let signatureKey = "webhook_signature_key"
  static let refreshToken = "refresh_token"
  static let clientID = "client_id"
  static let clientSecret = "client_secret"
  /// No secret: whose location it is, which comes with tokens.
  static let merchantID = "merchant_id"
}

enum SquareLimits {
  /// Changes in one `inventory/changes/batch-create`.
  static let changes = 100
  /// Variations that one reading of counts asks for, and counts in one page of the answer.
  static let counts = 100
  /// Pages of an answer that are read: a location has one count of a variation, so more is a loop.
  static let countPages = 10
  /// Pages of adjustments that are looked through for what one refund has put back.
  static let adjustmentPages = 10
  /// Orders in one page of a poll.
  static let polledOrders = 500
  /// Calls that one batch of pushes may take when single entries of it fail.
  static let rounds = 4
  /// Tries to update an order that somebody else changes meanwhile.
  static let updates = 3
}
