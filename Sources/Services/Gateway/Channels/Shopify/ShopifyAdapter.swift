public import ChannelAdapter
public import Primitives
internal import RPCCore

/// Shopify: Admin GraphQL and webhooks.
///
/// The account's `externalID` is the shop's domain, `name.myshopify.com`; its `baseURL` the host,
/// to which `/admin/api/…` is added.
///
/// - Note: Source: shopify.dev, Admin GraphQL API and webhook pages, at the version below.
public struct ShopifyAdapter: ChannelAdapter {
  public let channelID = ChannelID(trusted: "shopify")

  /// The version that is spoken. Since 2026-04 a stock call must carry `changeFromQuantity` and an
  /// idempotency key.
  public static let apiVersion = "2026-07"

  /// A shop on the smallest plan gets 100 cost points a second back, and a stock call costs about
  /// ten.
  public let traits = ChannelTraits(
    requiredCredentials: [ShopifyCredential.accessToken, ShopifyCredential.clientSecret],
    optionalCredentials: [
      ChannelAccount.previous(ShopifyCredential.clientSecret), ShopifyCredential.locationID,
      ShopifyCredential.clientID, ShopifyCredential.refreshToken,
      ChannelAccount.accessTokenEndName, ChannelAccount.authorisationEndName,
    ],
    callsPerSecond: 10, pushBatch: ShopifyLimits.quantities, maximumQuantity: 1_000_000,
    comparesStock: true)

  public init() {}

  /// One call takes any inventory items at any locations.
  public func groupKey(_ listing: ChannelListing) -> String { "" }
}

enum ShopifyCredential {
  static let accessToken = "access_token"
  static let clientSecret = "client_secret"
  static let locationID = "location_id"
  static let clientID = "client_id"
  static let refreshToken = "refresh_token"
}

enum ShopifyLimits {
  /// Entries in one array of a call, and so the quantities of one stock call.
  static let quantities = 250
  /// Lines in one page of an order.
  static let lines = 250
  /// Pages of lines that are read of one order: 10,000 lines, more than an order can have.
  static let linePages = 40
  /// Variants in one page of listings.
  static let variants = 100
  /// Calls that one batch of pushes may take when single entries of it fail.
  static let rounds = 4
}

/// Shopify's global IDs: `gid://shopify/Order/450789469`. We keep the number.
enum ShopifyID {
  static func global(_ type: String, _ id: String) -> String {
    id.hasPrefix("gid://") ? id : "gid://shopify/\(type)/\(id)"
  }

  static func number(_ globalID: String) -> String {
    let tail = globalID.split(separator: "/").last.map(String.init) ?? globalID
    return tail.split(separator: "?").first.map(String.init) ?? tail
  }
}
