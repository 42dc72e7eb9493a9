internal import ChannelAdapter
internal import Primitives

/// What Shopee says when it refuses: a code, perhaps behind the name of a module
/// (`product.error_param`), and a text.
///
/// Codes are ambiguous: `error_auth` is a bad token, a bad partner and a promotion's floor, so the
/// text decides where the code does not.
struct ShopeeFailure: Equatable, Error {
  enum Meaning {
    case tokenOver, credentials, suspended, rate, quota, busy, locked, unknownThing, refused
  }

  var code: String
  var message: String

  var text: String { message.isEmpty ? code : "\(code): \(message)" }

  private static let meanings: [String: Meaning] = [
    "invalid_acceess_token": .tokenOver, "invalid_access_token": .tokenOver,
    "error_access_token": .tokenOver,
    "error_sign": .credentials, "shop_banned": .suspended, "invalid_partner_id": .credentials,
    "partner_shop_no_link": .suspended, "shop_no_linked": .suspended,
    "error_partner_key_expired": .credentials, "source_ip_undeclared": .credentials,
    "error_permission": .credentials, "error_api_permission": .credentials,
    "error_api_call_restricted": .credentials, "error_kyc_auth": .credentials,
    "error_refresh_token": .credentials, "invalid_refresh_token": .credentials,
    "error_rate_limit": .rate, "error_limit": .quota,
    "error_system_busy": .busy, "error_server": .busy, "error_inner": .busy,
    "error_network": .busy, "error_busy": .busy, "error_busi_update_stock_failed": .busy,
    "error_cannt_edit_stock_in_promotion": .locked,
    "error_promotion_cantnot_update_stock": .locked,
    "error_model_update_stock_model_in_promotion": .locked,
    "error_holiday_mode_change_stock": .locked,
    "error_item_not_found": .unknownThing, "error_item_not_belong_shop": .unknownThing,
    "error_not_found": .unknownThing, "error_not_exists": .unknownThing,
    "error_param": .refused, "error_edit_item_stock_for_item_has_model": .refused,
    "error_wms_shop_block_upate_stock": .refused,
  ]

  /// The code without its module.
  private var suffix: String { code.split(separator: ".").last.map(String.init) ?? code }

  var meaning: Meaning {
    if let byText = Self.meaning(ofText: message) { return byText }
    if let exact = Self.meanings[suffix] { return exact }
    if suffix == "error_auth" { return .credentials }
    // "Order not exist", "The return you queried doesn't exist" come as error_data and error_param.
    return .refused
  }

  /// What a text says by itself, in a code's message or in a `failed_reason`, which has no code.
  static func meaning(ofText text: String) -> Meaning? {
    let lower = text.lowercased()
    func says(_ words: String...) -> Bool { words.contains { lower.contains($0) } }
    if says("reserved stock", "promotion", "flash sale", "holiday mode", "campaign") {
      return .locked
    }
    if says("refresh_token", "refresh token") { return .credentials }
    if says("access_token", "access token") { return .tokenOver }
    if says("timestamp is expired", "timestamp expired", "expired timestamp") { return .busy }
    if says("too many requests", "rate limit", "too frequent") { return .rate }
    if says("try again later", "try later", "system error", "system busy", "timeout") {
      return .busy
    }
    if says("not found", "not exist", "n't exist") { return .unknownThing }
    return nil
  }

  /// What a call that failed as a whole is to its caller.
  func channelError(now: Timestamp) -> ChannelError {
    switch meaning {
    case .tokenOver: .tokenExpired(text)
    case .credentials: .unauthorised(text)
    case .suspended: .suspended(text)
    case .rate: .rateLimited(after: nil)
    case .quota: .rateLimited(after: Self.untilQuotaResets(now))
    case .busy: .unavailable(text)
    case .unknownThing: .notFound(text)
    case .locked, .refused: .refused(text)
    }
  }

  /// What it makes of one push, or nil when the fault is the account's and not the listing's.
  var pushResult: PushResult? {
    switch meaning {
    case .tokenOver, .credentials, .suspended, .rate, .quota: nil
    case .busy: .retry(text, after: nil)
    case .locked: .locked(text)
    case .unknownThing, .refused: .refused(text)
    }
  }

  /// What the `failed_reason` of one model means. One that says nothing known is tried again: an
  /// absolute number may be set twice.
  static func pushResult(ofReason reason: String) -> PushResult {
    switch meaning(ofText: reason) {
    case .locked: .locked(reason)
    case .unknownThing: .refused(reason)
    case .tokenOver, .credentials, .suspended, .rate, .quota, .busy, .refused, nil:
      .retry(reason.isEmpty ? "Shopee gives no reason" : reason, after: nil)
    }
  }

  /// The daily quota comes back at 00:00 in UTC+8.
  static func untilQuotaResets(_ now: Timestamp) -> Duration {
    let day: Int64 = 86_400
    let intoDay = (now.seconds + 8 * 3600) % day
    return .seconds(day - intoDay)
  }
}
