public import ChannelAdapter
internal import Primitives
public import RPCCore

private struct LazadaPush: Decodable {
  enum CodingKeys: String, CodingKey {
    case timestamp, data
    case sellerID = "seller_id"
    case type = "message_type"
  }
  struct Content: Decodable {
    enum CodingKeys: String, CodingKey {
      case sellerID = "seller_id"
      case orderStatus = "order_status"
      case orderID = "trade_order_id"
      case orderLineID = "trade_order_line_id"
      case reverseOrderID = "reverse_order_id"
      case reverseOrderLineID = "reverse_order_line_id"
      case reverseStatus = "reverse_status"
      case updateTime = "status_update_time"
    }
    var sellerID: FlexibleID?
    var orderStatus: String?
    var orderID: FlexibleID?
    var orderLineID: FlexibleID?
    var reverseOrderID: FlexibleID?
    var reverseOrderLineID: FlexibleID?
    var reverseStatus: String?
    var updateTime: LossyInt?
  }
  var sellerID: FlexibleID?
  var type: LossyInt
  var timestamp: LossyInt?
  var data: Content?

  /// Type 8 has the text "null" outside and the seller in `data`.
  var seller: String? { sellerID?.named ?? data?.sellerID?.named }
}

/// What every message has, whatever its `data` holds.
private struct LazadaPushHead: Decodable {
  enum CodingKeys: String, CodingKey {
    case sellerID = "seller_id"
    case type = "message_type"
  }
  var sellerID: FlexibleID?
  var type: LossyInt
}

/// The message types that mean something to us (document 120168).
private enum LazadaPushType {
  static let tradeOrder: Int64 = 0
  static let reverseOrder: Int64 = 10
  static let documented: Set<Int64> = Set(0...14).subtracting([9]).union([21])
}

extension LazadaAdapter {
  public func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    guard let seller = try read(request).seller else { throw .malformed("seller_id is missing") }
    return .shop(seller)
  }

  public func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    guard let appKey = account.credentials[LazadaCredential.appKey], !appKey.isEmpty
    else { return false }
    return account.isSigned(request.header("authorization"), with: LazadaCredential.appSecret) {
      LazadaSigning.push(appKey: appKey, body: request.body, appSecret: $0)
    }
  }

  /// One push an order line and status; the key leaves out the outer `timestamp`. Times are in s or
  /// ms.
  public func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    let push = try read(request)
    guard push.seller == account.externalID else {
      throw .malformed("seller_id is not this account's")
    }
    switch push.type.value {
    case LazadaPushType.tradeOrder: return try tradeOrder(push, request, account)
    case LazadaPushType.reverseOrder: return try reverseOrder(push, request, account)
    default:
      return ChannelEvent(
        key: "\(stem(push, account)):\(ChannelSignature.digest(request.body))",
        kind: LazadaPushType.documented.contains(push.type.value) ? .other : .unknown,
        subject: push.data?.orderID?.named ?? "", updateTime: sendTime(push) ?? .zero,
        body: request.body, topic: String(push.type.value))
    }
  }

  private func tradeOrder(
    _ push: LazadaPush, _ request: HTTPRequest, _ account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    guard let order = push.data?.orderID?.named else {
      throw .malformed("data.trade_order_id is missing")
    }
    guard let status = push.data?.orderStatus, !status.isEmpty else {
      throw .malformed("data.order_status is missing")
    }
    let line = push.data?.orderLineID?.named ?? order
    let (time, mark) = try updateTime(push)
    return ChannelEvent(
      key: "\(stem(push, account)):\(line):\(status):\(mark)", kind: .order, subject: order,
      updateTime: time, body: request.body, topic: String(push.type.value))
  }

  /// A reverse order is a cancellation, which the order shows; a return to us, which is a return;
  /// or a return to Lazada's own warehouse, which brings us nothing.
  private func reverseOrder(
    _ push: LazadaPush, _ request: HTTPRequest, _ account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    guard let reverse = push.data?.reverseOrderID?.named else {
      throw .malformed("data.reverse_order_id is missing")
    }
    let status = push.data?.reverseStatus ?? ""
    let line = push.data?.reverseOrderLineID?.named ?? reverse
    let (time, mark) = try updateTime(push)
    var event = ChannelEvent(
      key: "\(stem(push, account)):\(line):\(status):\(mark)", kind: .return, subject: reverse,
      updateTime: time, body: request.body, topic: String(push.type.value))
    if status.hasPrefix("CANCEL_") {
      guard let order = push.data?.orderID?.named else {
        throw .malformed("data.trade_order_id is missing")
      }
      event.kind = .order
      event.subject = order
    } else if status.hasPrefix("RTW_") {
      event.kind = .other
    }
    return event
  }

  private func stem(_ push: LazadaPush, _ account: ChannelAccount) -> String {
    "\(account.externalID):\(push.type.value)"
  }

  private func sendTime(_ push: LazadaPush) -> Timestamp? {
    push.timestamp.flatMap { ChannelTime.unix($0.value) }
  }

  /// When the status changed, and that as the channel wrote it; the sending time stands in for it.
  private func updateTime(_ push: LazadaPush) throws(EventRefusal) -> (Timestamp, Int64) {
    guard let number = push.data?.updateTime ?? push.timestamp,
      let time = ChannelTime.unix(number.value)
    else { throw .malformed("data.status_update_time is missing or not a Unix time") }
    return (time, number.value)
  }

  /// A message of a type that we do not work on is taken whatever its `data` holds: refusing it
  /// would count against the app.
  private func read(_ request: HTTPRequest) throws(EventRefusal) -> LazadaPush {
    try request.requireJSON()
    do {
      return try ChannelJSON.event(LazadaPush.self, from: request.body)
    } catch {
      guard let head = try? ChannelJSON.event(LazadaPushHead.self, from: request.body),
        ![LazadaPushType.tradeOrder, LazadaPushType.reverseOrder].contains(head.type.value)
      else { throw error }
      return LazadaPush(sellerID: head.sellerID, type: head.type, timestamp: nil, data: nil)
    }
  }
}
