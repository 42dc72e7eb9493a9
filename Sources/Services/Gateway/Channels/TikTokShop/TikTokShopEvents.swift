public import ChannelAdapter
internal import Primitives
public import RPCCore

/// An event: one envelope for all types; what `data` holds depends on `type`.
private struct TikTokShopEvent: Decodable {
  enum CodingKeys: String, CodingKey {
    case type, timestamp, data
    case notificationID = "tts_notification_id"
    case shopID = "shop_id"
  }
  struct Content: Decodable {
    enum CodingKeys: String, CodingKey {
      case orderID = "order_id"
      case orderStatus = "order_status"
      case cancelID = "cancel_id"
      case cancelStatus = "cancel_status"
      case returnID = "return_id"
      case returnStatus = "return_status"
      case createTime = "create_time"
      case updateTime = "update_time"
    }
    var orderID: FlexibleID?
    var orderStatus: Lossy<String>?
    var cancelID: Lossy<FlexibleID>?
    var cancelStatus: Lossy<String>?
    var returnID: FlexibleID?
    var returnStatus: Lossy<String>?
    var createTime: Lossy<LossyInt>?
    var updateTime: Lossy<LossyInt>?
  }
  var type: LossyInt
  var notificationID: FlexibleID?
  var shopID: FlexibleID?
  var timestamp: LossyInt?
  var data: Content?
}

/// What every event has, whatever its `data` holds.
private struct TikTokShopEventHead: Decodable {
  enum CodingKeys: String, CodingKey {
    case type
    case notificationID = "tts_notification_id"
    case shopID = "shop_id"
  }
  var type: LossyInt
  var notificationID: Lossy<FlexibleID>?
  var shopID: FlexibleID?
}

/// The types that mean something to us.
enum TikTokShopEventType {
  static let order: Int64 = 1
  static let deauthorised: Int64 = 6
  static let cancellation: Int64 = 11
  static let goodsReturn: Int64 = 12
  static let worked: Set<Int64> = [order, cancellation, goodsReturn]
  static let documented: Set<Int64> = Set(1...7).union([
    11, 12, 15, 16, 18, 24, 27, 37, 39, 42,
  ])
}

extension TikTokShopAdapter {
  public func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    guard let shop = try read(request).shopID?.named else { throw .malformed("shop_id is missing") }
    return .shop(shop)
  }

  public func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    guard let appKey = account.credentials[TikTokShopCredential.appKey], !appKey.isEmpty
    else { return false }
    let claimed = request.header("authorization")
    return account.isSigned(claimed, with: TikTokShopCredential.appSecret) {
      TikTokShopSigning.event(appKey: appKey, body: request.body, appSecret: $0)
    }
  }

  /// A cancellation is news of its order, which shows what of it is cancelled.
  public func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    let event = try read(request)
    guard event.shopID?.text == account.externalID else {
      throw .malformed("shop_id is not this account's")
    }
    let data = event.data
    switch event.type.value {
    case TikTokShopEventType.order:
      return try worked(
        event, .order, data?.orderID, "order_id", data?.orderStatus?.value, request, account)
    case TikTokShopEventType.cancellation:
      return try worked(
        event, .order, data?.orderID, "order_id", data?.cancelStatus?.value, request, account)
    case TikTokShopEventType.goodsReturn:
      return try worked(
        event, .return, data?.returnID, "return_id", data?.returnStatus?.value, request, account)
    default:
      let mark = event.notificationID?.named ?? ChannelSignature.digest(request.body)
      return ChannelEvent(
        key: "\(account.externalID):\(event.type.value):\(mark)", kind: aside(event.type.value),
        subject: data?.orderID?.named ?? "",
        updateTime: event.timestamp.flatMap { ChannelTime.unix($0.value) } ?? .zero,
        body: request.body, topic: String(event.type.value))
    }
  }

  /// What an event is that is about neither an order nor a return.
  private func aside(_ type: Int64) -> ChannelEvent.Kind {
    if type == TikTokShopEventType.deauthorised { return .deauthorised }
    return TikTokShopEventType.documented.contains(type) ? .other : .unknown
  }

  /// The key is TikTok's own ID of the event; one without it is told from others by what it says.
  private func worked(
    _ event: TikTokShopEvent, _ kind: ChannelEvent.Kind, _ subject: FlexibleID?, _ name: String,
    _ status: String?, _ request: HTTPRequest, _ account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    guard let subject = subject?.named else { throw .malformed("data.\(name) is missing") }
    guard
      let number = event.data?.updateTime?.value ?? event.data?.createTime?.value
        ?? event.timestamp,
      let updateTime = ChannelTime.unix(number.value)
    else { throw .malformed("data.update_time is missing or not a Unix time") }
    let said = [subject, event.data?.cancelID?.value?.named, status, String(number.value)]
    let mark = event.notificationID?.named ?? said.compactMap { $0 }.joined(separator: ":")
    return ChannelEvent(
      key: "\(account.externalID):\(event.type.value):\(mark)", kind: kind, subject: subject,
      updateTime: updateTime, body: request.body, topic: String(event.type.value))
  }

  /// An event of a type that we do not work on is taken whatever its `data` holds: it would be sent again and
  /// again, and mean nothing then either.
  private func read(_ request: HTTPRequest) throws(EventRefusal) -> TikTokShopEvent {
    try request.requireJSON()
    do {
      return try ChannelJSON.event(TikTokShopEvent.self, from: request.body)
    } catch {
      guard let head = try? ChannelJSON.event(TikTokShopEventHead.self, from: request.body),
        !TikTokShopEventType.worked.contains(head.type.value)
      else { throw error }
      return TikTokShopEvent(
        type: head.type, notificationID: head.notificationID?.value, shopID: head.shopID,
        timestamp: nil, data: nil)
    }
  }
}
