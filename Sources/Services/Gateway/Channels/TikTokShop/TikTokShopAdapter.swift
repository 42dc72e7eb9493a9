public import ChannelAdapter
public import Primitives
internal import RPCCore

/// TikTok Shop Partner API, version 202309.
///
/// The account's `externalID` is the shop's ID, as events and `GET /authorization/202309/shops` have it;
/// its `baseURL` is the host, to which the API path is added: `https://open-api.tiktokglobalshop.com`.
///
/// An account is connected with the app's key and secret and either tokens or the code of the seller's authorisation;
/// `service_id` is needed for the link to TikTok's page.
///
/// - Note: Source: TikTok Shop Partner Center, "Sign your API request", "Webhooks", and the pages of the calls.
public struct TikTokShopAdapter: ChannelAdapter {
  public let channelID = ChannelID(trusted: "tiktok")

  /// 50 calls a second for each API, app and shop; an event wants an empty 200 within 3 s.
  public let traits = ChannelTraits(
    requiredCredentials: [TikTokShopCredential.appKey, TikTokShopCredential.appSecret],
    optionalCredentials: [
      TikTokShopCredential.serviceID, TikTokShopCredential.accessToken,
      TikTokShopCredential.refreshToken, TikTokShopCredential.shopCipher,
      TikTokShopCredential.warehouseID,
      ChannelAccount.previous(TikTokShopCredential.appSecret), ChannelAccount.accessTokenEndName,
      ChannelAccount.authorisationEndName,
    ],
    callsPerSecond: 50, pushBatch: TikTokShopLimits.pushes, maximumQuantity: 99_999)

  public init() {}

  /// `inventory/update` takes one product a call.
  public func groupKey(_ listing: ChannelListing) -> String { listing.itemID }
}

enum TikTokShopCredential {
  static let appKey = "app_key"
  /// Signs our calls and TikTok's events.
  static let appSecret = "app_secret"
  /// The app's service, to which a seller gives the authorisation.
  static let serviceID = "service_id"
  static let accessToken = "access_token"
  static let refreshToken = "refresh_token"
  /// Stands for the shop in calls.
  static let shopCipher = "shop_cipher"
  /// The one warehouse whose stock is set, for a shop that has others which are none of ours.
  static let warehouseID = "warehouse_id"
}

enum TikTokShopLimits {
  /// SKUs in one `inventory/update`.
  static let pushes = 100
  /// SKU IDs in one `inventory/search`.
  static let inventories = 600
  /// Products in one page of listings: 100 are allowed, and one with several SKUs takes a call more.
  static let products = 50
  /// Orders in one page of `orders/search`.
  static let orders = 100
  /// Returns in one page of `returns/search`, at least.
  static let returns = 10
  /// Returns in one page of changed ones: the most.
  static let polledReturns = 50
}
