public import ChannelAdapter
public import Primitives
internal import RPCCore

/// Shopee Open Platform v2.
///
/// The account's `externalID` is the shop ID; its `baseURL` the host, to which `/api/v2/…` is
/// added.
///
/// - Note: Source: Shopee developer guides 16 (calls and signing), 18 (push), 20 (authorisation).
public struct ShopeeAdapter: ChannelAdapter {
  public let channelID = ChannelID(trusted: "shopee")

  /// Shopee publishes no rate; integrators count on little. A push wants an empty 2xx within 3 s.
  public let traits = ChannelTraits(
    requiredCredentials: [
      ShopeeCredential.partnerID, ShopeeCredential.partnerKey, ShopeeCredential.pushPartnerKey,
      ShopeeCredential.accessToken,
    ],
    optionalCredentials: [
      ShopeeCredential.refreshToken, ShopeeCredential.locationID,
      ChannelAccount.previous(ShopeeCredential.pushPartnerKey),
      ChannelAccount.accessTokenEndName, ChannelAccount.authorisationEndName,
    ],
    callsPerSecond: 10, pushBatch: ShopeeLimits.models, maximumQuantity: 999_999)

  public init() {}

  /// `update_stock` takes one item a call.
  public func groupKey(_ listing: ChannelListing) -> String { listing.itemID }
}

enum ShopeeCredential {
  static let partnerID = "partner_id"
  /// Signs our calls.
  static let partnerKey = "partner_key"
  /// Signs Shopee's pushes: another secret than the partner key.
  static let pushPartnerKey = "push_partner_key"
  static let accessToken = "access_token"
  static let refreshToken = "refresh_token"
  /// The warehouse whose stock is set, for a shop that has several.
  static let locationID = "location_id"
}

enum ShopeeLimits {
  /// Models in one `update_stock`.
  static let models = 50
  /// Item IDs in one `get_item_base_info`, and so the size of a page of listings.
  static let items = 50
  /// Orders in one `get_order_detail`, and so the size of a page of changed orders.
  static let orders = 50
  /// Returns in one page.
  static let returns = 100
}
