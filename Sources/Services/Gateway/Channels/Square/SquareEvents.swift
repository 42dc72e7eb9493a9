public import ChannelAdapter
internal import Primitives
public import RPCCore

/// A webhook's envelope. What `object` holds depends on the type and is read leniently: what is of
/// another type than expected is not there.
struct SquareEnvelope: Decodable {
  enum CodingKeys: String, CodingKey {
    case type, data
    case eventID = "event_id"
    case locationID = "location_id"
    case merchantID = "merchant_id"
    case createdAt = "created_at"
  }
  struct Content: Decodable {
    var object: Lossy<Object>?
  }
  struct Object: Decodable {
    enum CodingKeys: String, CodingKey {
      case payment, refund
      case orderCreated = "order_created"
      case orderUpdated = "order_updated"
      case orderFulfilment = "order_fulfillment_updated"
      case counts = "inventory_counts"
    }
    var orderCreated: Lossy<Subject>?
    var orderUpdated: Lossy<Subject>?
    var orderFulfilment: Lossy<Subject>?
    var payment: Lossy<Subject>?
    var refund: Lossy<Subject>?
    var counts: Lossy<[Subject]>?
  }
  struct Subject: Decodable {
    enum CodingKeys: String, CodingKey {
      case id, version, reason
      case orderID = "order_id"
      case locationID = "location_id"
      case createdAt = "created_at"
      case updatedAt = "updated_at"
    }
    var id: Lossy<FlexibleID>?
    var orderID: Lossy<FlexibleID>?
    var locationID: Lossy<FlexibleID>?
    var version: Lossy<LossyInt>?
    var createdAt: Lossy<String>?
    var updatedAt: Lossy<String>?
    var reason: Lossy<String>?
  }
  var type: String
  var eventID: Lossy<FlexibleID>?
  var locationID: Lossy<FlexibleID>?
  var merchantID: Lossy<FlexibleID>?
  var createdAt: Lossy<String>?
  var data: Lossy<Content>?

  /// The topics that are worked on, and which member of `object` is theirs.
  var subject: Subject? {
    let object = data?.value?.object?.value
    return switch type {
    case "order.created": object?.orderCreated?.value
    case "order.updated": object?.orderUpdated?.value
    case "order.fulfillment.updated": object?.orderFulfilment?.value
    case "payment.created", "payment.updated": object?.payment?.value
    case "refund.created", "refund.updated": object?.refund?.value
    default: nil
    }
  }

  var isWorkedOn: Bool {
    ["order.", "payment.", "refund."].contains { type.hasPrefix($0) }
  }

  var location: String? {
    let counted = data?.value?.object?.value?.counts?.value?.first
    return [locationID, subject?.locationID, counted?.locationID].lazy
      .compactMap { $0?.value?.named }.first
  }

  /// When what it says was so.
  var time: Timestamp {
    [subject?.updatedAt, subject?.createdAt, createdAt].lazy
      .compactMap { $0?.value.flatMap(ChannelTime.iso8601) }.first ?? .zero
  }
}

extension SquareAdapter {
  /// A revoked authorisation names the merchant: it is about all of its locations. What else names no location is about none
  /// of ours (a catalogue's new version): taken, since Square turns off a URL that refuses for weeks, and left alone.
  public func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    let envelope = try read(request)
    if let location = envelope.location { return .shop(location) }
    if envelope.type == SquareTopic.revoked, let merchant = envelope.merchantID?.value?.named {
      return .owner(merchant)
    }
    guard !envelope.isWorkedOn else { throw .malformed("location_id is missing") }
    return .test
  }

  /// Known where the account was let in by Square's page, or was connected with it.
  public func owner(of account: ChannelAccount) -> String? {
    account.credentials[SquareCredential.merchantID]
  }

  /// Base64 HMAC-SHA256 over the subscription's URL and the body; after a rotation of the key the
  /// one before is tried, too.
  public func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    let claimed = request.header("x-square-hmacsha256-signature")
    return account.isSigned(claimed, with: SquareCredential.signatureKey) {
      ChannelSignature.base64(key: $0, Array(hookURL.utf8) + request.body)
    }
  }

  /// Events have no lines: an order is fetched, whichever of its events came. Those of the till may
  /// tell of a sale by its payment alone. A refund's `order_id` is the order that Square made for
  /// it, which says what came back.
  public func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    let envelope = try read(request)
    let isRevocation = envelope.type == SquareTopic.revoked
    guard
      envelope.location == account.externalID || (isRevocation && envelope.location == nil)
    else { throw .malformed("location_id is not this account's") }
    let order = envelope.subject?.orderID?.value?.named
    let delivery = envelope.eventID?.value?.named ?? ChannelSignature.digest(request.body)
    var kind = ChannelEvent.Kind.other
    var key = delivery
    switch envelope.type {
    case "order.created", "order.updated", "order.fulfillment.updated":
      guard let order else { throw .malformed("\(envelope.type) has no order_id") }
      kind = .order
      // Several events tell of one version of an order.
      if let version = envelope.subject?.version?.value?.value {
        key = SquareEventKey.order(order, version: version)
      }
    case "payment.created", "payment.updated": kind = order == nil ? .other : .order
    case "refund.created", "refund.updated": kind = order == nil ? .other : .return
    case SquareTopic.revoked: kind = .deauthorised
    default: kind = SquareTopic.isDocumented(envelope.type) ? .other : .unknown
    }
    return ChannelEvent(
      key: key, kind: kind, subject: order ?? "", updateTime: envelope.time, body: request.body,
      topic: envelope.type)
  }

  private func read(_ request: HTTPRequest) throws(EventRefusal) -> SquareEnvelope {
    try request.requireJSON()
    return try ChannelJSON.event(SquareEnvelope.self, from: request.body)
  }
}

/// What a type begins with that Square's reference of webhooks names.
private enum SquareTopic {
  static let revoked = "oauth.authorization.revoked"
  static let documented: Set<Substring> = [
    "bank_account", "booking", "card", "cash_drawer", "catalog", "customer", "device", "dispute",
    "gift_card", "inventory", "invoice", "job", "labor", "location", "loyalty", "merchant", "oauth",
    "online_checkout", "order", "payment", "payout", "refund", "subscription", "team_member",
    "terminal", "timecard", "transfer_order", "vendor",
  ]

  static func isDocumented(_ type: String) -> Bool {
    documented.contains(type.prefix { $0 != "." })
  }
}

enum SquareEventKey {
  static func order(_ order: String, version: Int64) -> String { "order:\(order):\(version)" }
  static func returned(_ order: String, version: Int64) -> String { "return:\(order):\(version)" }
}
