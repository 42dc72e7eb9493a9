public import ChannelAdapter
public import Primitives
internal import RPCCore

/// WooCommerce: REST API v3 and webhooks.
///
/// The account's `externalID` is the site's address without its scheme, `shop.example.com` or
/// `example.com/shop`; its `baseURL` the site, to which `/wp-json/wc/v3/…` is added. Keys do not end.
///
/// - Note: Source: woocommerce-rest-api-docs, wp-api-v3; where that is silent, the plugin's source
///   (class-wc-webhook.php, the REST controllers of version 3, wc-stock-functions.php).
public struct WooCommerceAdapter: ChannelAdapter {
  public let channelID = ChannelID(trusted: "woocommerce")

  /// There is no limit in the plugin itself; a small host bears about this much beside its visitors.
  public let traits = ChannelTraits(
    requiredCredentials: [
      WooCommerceCredential.consumerKey, WooCommerceCredential.consumerSecret,
      WooCommerceCredential.webhookSecret,
    ],
    optionalCredentials: [
      ChannelAccount.previous(WooCommerceCredential.webhookSecret),
      WooCommerceCredential.keysInQuery,
    ],
    callsPerSecond: 5, pushBatch: WooCommerceLimits.batch, maximumQuantity: 1_000_000)

  public init() {}

  /// Products of any kind go into one batch; variations into one a parent.
  public func groupKey(_ listing: ChannelListing) -> String {
    WooCommerceTarget(listing).parentID ?? ""
  }
}

enum WooCommerceCredential {
  static let consumerKey = "consumer_key"
  static let consumerSecret = "consumer_secret"
  /// Of the webhooks. Letters and digits: WooCommerce decodes HTML's entities in it before it signs.
  static let webhookSecret = "webhook_secret"
  /// `true` for a host that strips the header of Basic authentication.
  static let keysInQuery = "keys_in_query"
}

enum WooCommerceLimits {
  /// Objects in one batch, and so pushes of one call (class-wc-rest-controller.php).
  static let batch = 100
  /// Rows of one page; the API's most.
  static let page = 100
  /// Pages of an order's refunds or notes that are read.
  static let pages = 20
}
