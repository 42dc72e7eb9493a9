public import ChannelAdapter
public import Primitives
internal import RPCCore

/// Loyverse: a point of sale.
///
/// The account's `externalID` is a **store's** ID: stock and receipts are of one. Its `baseURL` is the
/// host, to which `/v1.0/…` and `/oauth/token` are added.
///
/// - Note: Source: integrators' code and reports; Loyverse's own reference was not measured.
public struct LoyverseAdapter: ChannelAdapter {
  public let channelID = ChannelID(trusted: "loyverse")

  /// 300 calls in 300 s and merchant.
  public let traits = ChannelTraits(
    requiredCredentials: [LoyverseCredential.accessToken],
    optionalCredentials: [
      LoyverseCredential.clientSecret, ChannelAccount.previous(LoyverseCredential.clientSecret),
      LoyverseCredential.hookToken, LoyverseCredential.refreshToken, LoyverseCredential.clientID,
      ChannelAccount.accessTokenEndName,
    ],
    callsPerSecond: 1, pushBatch: LoyverseLimits.levels, maximumQuantity: 999_999,
    sellsFromOwnLocation: true)

  public init() {}

  /// One call takes levels of any variants.
  public func groupKey(_ listing: ChannelListing) -> String { "" }
}

enum LoyverseCredential {
  static let accessToken = "access_token"
  /// Signs the webhooks that were made with OAuth.
  static let clientSecret = "client_secret"
  /// Stands in the hook's URL (`?token=…`) of a personal token's webhooks, which are not signed.
  static let hookToken = "hook_token"
  static let refreshToken = "refresh_token"
  static let clientID = "client_id"
}

enum LoyverseLimits {
  /// Levels in one `POST /inventory`, and variants that one reading asks for.
  static let levels = 50
  /// Rows of one page: the most that Loyverse gives.
  static let page = 250
  /// Pages of an answer that are read: a store has one level of a variant, so more is a loop.
  static let levelPages = 10
  /// Receipts in one webhook.
  static let receipts = 500
}
