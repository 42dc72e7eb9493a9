public import ChannelAdapter
public import Primitives
internal import RPCCore

/// Lazada Open Platform.
///
/// The account's `externalID` is the seller ID of one country; its `baseURL` is that country's API,
/// to which the API path is added: `https://api.lazada.sg/rest`.
///
/// - Note: Source: Lazada Open Platform documents 108068, 108069, 120168 (push), 120206 (stock),
///   121233.
public struct LazadaAdapter: ChannelAdapter {
  public let channelID = ChannelID(trusted: "lazada")

  /// 50 calls a second and seller is documented for the stock APIs; an event wants its 200 within
  /// 0.5 s.
  public let traits = ChannelTraits(
    requiredCredentials: [
      LazadaCredential.appKey, LazadaCredential.appSecret, LazadaCredential.accessToken,
    ],
    optionalCredentials: [
      LazadaCredential.refreshToken, ChannelAccount.accessTokenEndName,
      ChannelAccount.authorisationEndName,
      ChannelAccount.previous(LazadaCredential.appSecret),
    ],
    callsPerSecond: 50, pushBatch: LazadaLimits.pushes, maximumQuantity: 999_999)

  public init() {}

  /// One call takes SKUs of any product.
  public func groupKey(_ listing: ChannelListing) -> String { "" }
}

enum LazadaCredential {
  static let appKey = "app_key"
  static let appSecret = "app_secret"
  static let accessToken = "access_token"
  static let refreshToken = "refresh_token"
}

enum LazadaLimits {
  /// SKUs in one stock call: 50 are allowed, 20 advised.
  static let pushes = 20
  /// Products in one page of `/products/get`.
  static let products = 50
  /// The highest offset that `/products/get` takes.
  static let offset = 10_000
  /// Orders and returns in one page, and the highest offset that `/orders/get` takes.
  static let orders = 100
  static let returns = 100
  static let orderOffset = 5_000
}
