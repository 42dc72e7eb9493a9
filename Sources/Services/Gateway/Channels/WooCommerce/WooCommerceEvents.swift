public import ChannelAdapter
internal import Primitives
public import RPCCore

/// All that an order's webhook must have; what else is wrong is asked for.
private struct WooCommerceHead: Decodable {
  var id: FlexibleID
}

extension WooCommerceAdapter {
  static let deletedTopic = "order.deleted"
  static let otherTopics: Set<Substring> = ["product", "customer", "coupon", "action"]

  /// The site says its address in a header. A new webhook's first delivery is a form of the webhook's
  /// ID alone, without a signature, and must be answered 200.
  public func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    if isPing(request) { return .test }
    try request.requireJSON()
    guard let source = request.header("x-wc-webhook-source"),
      let site = Self.site(source)
    else { throw .malformed("the header X-WC-Webhook-Source is missing") }
    return .shop(site)
  }

  private func isPing(_ request: HTTPRequest) -> Bool {
    let prefix = Array("webhook_id=".utf8)
    let digits = request.body.dropFirst(prefix.count)
    return request.header("x-wc-webhook-signature") == nil && request.body.starts(with: prefix)
      && (1...20).contains(digits.count) && digits.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// `https://Shop.example.com/` is the site `shop.example.com`.
  static func site(_ url: String) -> String? {
    var rest = url.lowercased()[...]
    for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) {
      rest = rest.dropFirst(scheme.count)
    }
    while rest.hasSuffix("/") { rest = rest.dropLast() }
    return rest.isEmpty ? nil : String(rest)
  }

  public func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    let claimed = request.header("x-wc-webhook-signature")
    return account.isSigned(claimed, with: WooCommerceCredential.webhookSecret) {
      ChannelSignature.base64(key: $0, request.body)
    }
  }

  /// The delivery's ID is no key: it is made of the webhook and the second. WooCommerce sends many
  /// deliveries of one change, so the key is what the order says.
  ///
  /// An order that cannot be read is taken when it has an ID, and fetched: after five refusals
  /// WooCommerce turns the webhook off.
  public func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    try request.requireJSON()
    guard let topic = request.header("x-wc-webhook-topic")?.lowercased(), !topic.isEmpty else {
      throw .malformed("the header X-WC-Webhook-Topic is missing")
    }
    return try event(topic, request.body)
  }

  /// The event that a body of this topic is: the same whether it was sent or asked for.
  func event(_ topic: String, _ body: [UInt8]) throws(EventRefusal) -> ChannelEvent {
    guard topic.hasPrefix("order.") else {
      guard ChannelJSON.isObject(body) else { throw .malformed("the body is not a JSON object") }
      return ChannelEvent(
        key: "\(topic):\(ChannelSignature.digest(body))",
        kind: Self.otherTopics.contains(topic.prefix { $0 != "." }) ? .other : .unknown,
        subject: "",
        updateTime: .zero, body: body, topic: topic)
    }
    if topic != Self.deletedTopic,
      let order = try? ChannelJSON.decode(WooCommerceOrder.self, from: body),
      let id = order.id.named, let time = order.updateTime
    {
      return ChannelEvent(
        key: "order:\(id):\(order.mark)", kind: .order, subject: id, updateTime: time, body: body,
        topic: topic)
    }
    guard let id = try ChannelJSON.event(WooCommerceHead.self, from: body).id.named else {
      throw .malformed("id is missing")
    }
    return ChannelEvent(
      key: "\(topic):\(id):\(ChannelSignature.digest(body))", kind: .order, subject: id,
      updateTime: .zero, body: body, topic: topic)
  }

  /// A refund has no webhook of its own. One of an order that has left may have brought goods back.
  public func companions(of event: ChannelEvent) -> [ChannelEvent] {
    guard event.kind == .order, event.topic != Self.deletedTopic,
      let order = try? ChannelJSON.decode(WooCommerceOrder.self, from: event.body),
      order.leaveTime != nil
    else { return [] }
    var seen: Set<String> = []
    let refunds = (order.refunds ?? []).compactMap(\.id.named).filter { seen.insert($0).inserted }
    return refunds.map { refund in
      let id = WooCommerceRefundID(orderID: event.subject, refundID: refund)
      return ChannelEvent(
        key: "refund:\(id.text)", kind: .return, subject: id.text, updateTime: event.updateTime,
        body: [], topic: "refund")
    }
  }
}

/// A refund's name for us: of its order, by which alone it can be asked for, and its own.
struct WooCommerceRefundID {
  var orderID: String
  var refundID: String

  var text: String { "\(orderID)-\(refundID)" }

  init(orderID: String, refundID: String) {
    self.orderID = orderID
    self.refundID = refundID
  }

  init?(_ text: String) {
    guard let dash = text.lastIndex(of: "-"), dash != text.startIndex else { return nil }
    orderID = String(text[..<dash])
    refundID = String(text[text.index(after: dash)...])
    guard !refundID.isEmpty else { return nil }
  }
}
