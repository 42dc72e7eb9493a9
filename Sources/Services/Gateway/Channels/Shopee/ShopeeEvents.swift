public import ChannelAdapter
internal import Primitives
public import RPCCore

/// A push: one envelope for all codes; what `data` holds depends on `code`.
struct ShopeePush: Decodable {
  enum CodingKeys: String, CodingKey {
    case code, timestamp, data
    case shopID = "shop_id"
    case shopIDOlder = "shopid"
  }
  struct Content: Decodable {
    enum CodingKeys: String, CodingKey {
      case status
      case shopID = "shop_id"
      case orderSNShort = "ordersn"
      case orderSNLong = "order_sn"
      case returnSN = "return_sn"
      case updateTime = "update_time"
      case verifyInfo = "verify_info"
      case updatedValues = "updated_values"
    }
    struct Anything: Decodable {
      init(from decoder: any Decoder) {}
    }
    var shopID: FlexibleID?
    var orderSNShort: FlexibleID?
    var orderSNLong: FlexibleID?
    var returnSN: FlexibleID?
    var status: String?
    var updateTime: LossyInt?
    var verifyInfo: Anything?
    var updatedValues: [Anything]?
    var orderSN: String? { orderSNShort?.named ?? orderSNLong?.named }
  }
  var code: LossyInt
  var timestamp: LossyInt?
  var shopID: FlexibleID?
  var shopIDOlder: FlexibleID?
  var data: Content?

  /// At the top for most codes, in `data` for 1, 2 and 12.
  var shop: String? { shopID?.named ?? shopIDOlder?.named ?? data?.shopID?.named }
}

/// What every push has, whatever its `data` holds.
private struct ShopeePushHead: Decodable {
  enum CodingKeys: String, CodingKey {
    case code, data
    case shopID = "shop_id"
    case shopIDOlder = "shopid"
  }
  struct Content: Decodable {
    enum CodingKeys: String, CodingKey { case shopID = "shop_id" }
    var shopID: FlexibleID?
  }
  var code: LossyInt
  var shopID: FlexibleID?
  var shopIDOlder: FlexibleID?
  var data: Content?
}

/// The codes that mean something to us (developer guide 18).
enum ShopeePushCode {
  static let test: Int64 = 0
  static let deauthorised: Int64 = 2
  static let orderStatus: Int64 = 3
  /// An item's promotion, its reserved stock, and the promotion itself have changed.
  static let promotions: Set<Int64> = [7, 8, 9]
  static let authorisationEnds: Int64 = 12
  static let returnUpdate: Int64 = 29
  /// All that the guide and integrators name.
  static let documented: Set<Int64> = Set(
    [
      1...13, 15...16, 22...25, 27...30, 36...38, 47...47,
    ].joined())
}

extension ShopeeAdapter {
  /// The console's "Verify" sends code 0, unsigned or signed with an empty key, before the URL can
  /// be saved. It passes only when it names neither a shop nor an order, and nothing is done with
  /// it.
  public func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    let push = try read(request)
    if let shop = push.shop { return .shop(shop) }
    if push.code.value == ShopeePushCode.test, push.data?.orderSN == nil { return .test }
    // It lists shops of the app; each one's own end comes with its tokens.
    if push.code.value == ShopeePushCode.authorisationEnds { return .test }
    throw .malformed("shop_id is missing")
  }

  public func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    account.isSigned(request.header("authorization"), with: ShopeeCredential.pushPartnerKey) {
      ShopeeSigning.push(url: hookURL, body: request.body, pushPartnerKey: $0)
    }
  }

  /// An order's creation, payment and cancellation all come as code 3. Its key leaves out the outer
  /// `timestamp`, which a redelivery changes.
  public func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    let push = try read(request)
    guard push.shop == account.externalID else {
      throw .malformed("shop_id is not this account's")
    }
    let stem = "\(account.externalID):\(push.code.value)"
    let sent = push.timestamp.flatMap { ChannelTime.unix($0.value) }
    switch push.code.value {
    case ShopeePushCode.orderStatus:
      guard let orderSN = push.data?.orderSN else { throw .malformed("data.ordersn is missing") }
      guard let status = push.data?.status, !status.isEmpty else {
        throw .malformed("data.status is missing")
      }
      guard let number = push.data?.updateTime ?? push.timestamp,
        let updateTime = ChannelTime.unix(number.value)
      else { throw .malformed("data.update_time is missing or not a Unix time") }
      return ChannelEvent(
        key: "\(stem):\(orderSN):\(status):\(number.value)", kind: .order, subject: orderSN,
        updateTime: updateTime, body: request.body, topic: String(push.code.value))
    case ShopeePushCode.returnUpdate:
      guard let returnSN = push.data?.returnSN?.named else {
        throw .malformed("data.return_sn is missing")
      }
      return ChannelEvent(
        key: "\(stem):\(returnSN):\(returnMark(push, request))", kind: .return, subject: returnSN,
        updateTime: sent ?? .zero, body: request.body, topic: String(push.code.value))
    default:
      return ChannelEvent(
        key: "\(stem):\(ChannelSignature.digest(request.body))", kind: aside(push.code.value),
        subject: push.data?.orderSN ?? "", updateTime: sent ?? .zero, body: request.body,
        topic: String(push.code.value))
    }
  }

  /// What an event is that is about neither an order nor a return.
  private func aside(_ code: Int64) -> ChannelEvent.Kind {
    if code == ShopeePushCode.deauthorised { return .deauthorised }
    return ShopeePushCode.documented.contains(code) ? .other : .unknown
  }

  /// What tells two updates of one return apart. Shopee gives no status and no time in `data`;
  /// where `update_time` is absent the outer time must do: a redelivery is then worked on twice,
  /// which changes nothing, while a second update taken for the first would be lost.
  private func returnMark(_ push: ShopeePush, _ request: HTTPRequest) -> String {
    if let time = push.data?.updateTime?.value { return "\(push.data?.status ?? ""):\(time)" }
    if let time = push.timestamp?.value { return "@\(time)" }
    return ChannelSignature.digest(request.body)
  }

  /// A push of a code that we do not work on is taken whatever its `data` holds: refusing it would
  /// count against the subscription's health.
  private func read(_ request: HTTPRequest) throws(EventRefusal) -> ShopeePush {
    try request.requireJSON()
    do {
      return try ChannelJSON.event(ShopeePush.self, from: request.body)
    } catch {
      guard let head = try? ChannelJSON.event(ShopeePushHead.self, from: request.body),
        ![ShopeePushCode.orderStatus, ShopeePushCode.returnUpdate].contains(head.code.value)
      else { throw error }
      return ShopeePush(
        code: head.code, timestamp: nil, shopID: head.shopID ?? head.data?.shopID,
        shopIDOlder: head.shopIDOlder, data: nil)
    }
  }
}
