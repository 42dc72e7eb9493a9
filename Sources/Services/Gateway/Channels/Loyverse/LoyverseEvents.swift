public import ChannelAdapter
internal import Kit
internal import Primitives
public import RPCCore

/// What every webhook has, and the stores of its records.
private struct LoyverseHead: Decodable {
  enum CodingKeys: String, CodingKey {
    case type, receipts
    case createdAt = "created_at"
    case levels = "inventory_levels"
  }
  struct Record: Decodable {
    enum CodingKeys: String, CodingKey { case storeID = "store_id" }
    var storeID: Lossy<FlexibleID>?
  }
  var type: String
  var createdAt: Lossy<String>?
  var receipts: Lossy<[Lossy<Record>]>?
  var levels: Lossy<[Lossy<Record>]>?

  /// Each once, as they come.
  var stores: [String] {
    let records = (receipts?.value ?? []) + (levels?.value ?? [])
    var seen: Set<String> = []
    return records.compactMap { $0.value?.storeID?.value?.named }.filter {
      seen.insert($0).inserted
    }
  }
}

/// The webhook of `receipts.update`, as it is kept for one receipt.
struct LoyverseReceipts: Codable {
  static let topic = "receipts.update"
  static let otherTopics = [
    "inventory_levels.update", "items.update", "customers.update", "shifts.create",
  ]
  var type = topic
  var receipts: [LoyverseReceipt]
}

/// The same as it comes.
struct LoyverseRows: Decodable {
  var receipts: [LoyverseRow]?
}

extension LoyverseAdapter {
  /// A webhook that names no store (items, customers, shifts, an empty list) is about none of ours:
  /// taken and left alone.
  public func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    let head = try head(of: request)
    let stores = head.stores
    if let store = stores.first { return stores.count > 1 ? .shops(stores) : .shop(store) }
    guard head.type != LoyverseReceipts.topic || (head.receipts?.value ?? []).isEmpty else {
      throw .malformed("receipts[0].store_id is missing")
    }
    return .test
  }

  /// Webhooks that were made with OAuth are signed: HMAC-SHA1 of the body, in hexadecimal or base64
  /// (reports differ, so both are taken). Those of a personal token are not; a secret stands in their
  /// URL instead. A signature that is there must be right.
  public func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    if let claimed = request.header("x-loyverse-signature") {
      let codes = account.secrets(LoyverseCredential.clientSecret).map {
        HMAC.sha1(key: Array($0.utf8), request.body)
      }
      var isGood = false
      for expected in codes.flatMap({ [Hex.encode($0), Base64.encode($0)] })
      where ChannelSignature.matches(claimed, expected) { isGood = true }
      return isGood
    }
    guard let token = account.credentials[LoyverseCredential.hookToken], !token.isEmpty else {
      return false
    }
    let claimed = request.query.split(separator: "&").first { $0.hasPrefix("token=") }
    return ChannelSignature.matches(
      claimed.map { String($0.dropFirst(6)) }, ChannelQuery.encode(token))
  }

  /// A webhook brings whole receipts, often one, sometimes several: the first of the store is the
  /// event, the others of it are its companions. What other stores have in the same call is theirs.
  public func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    let head = try head(of: request)
    guard head.stores.contains(account.externalID) else {
      throw .malformed("store_id is not this account's")
    }
    guard head.type == LoyverseReceipts.topic else {
      return ChannelEvent(
        key: "\(head.type):\(ChannelSignature.digest(request.body))",
        kind: LoyverseReceipts.otherTopics.contains(head.type) ? .other : .unknown, subject: "",
        updateTime: head.createdAt?.value.flatMap(ChannelTime.iso8601) ?? .zero, body: request.body,
        topic: head.type)
    }
    let rows = try ChannelJSON.event(LoyverseRows.self, from: request.body).receipts ?? []
    guard rows.count <= LoyverseLimits.receipts else {
      throw .malformed(
        "there are \(rows.count) receipts; \(LoyverseLimits.receipts) are allowed")
    }
    let own = rows.first { $0.storeID == account.externalID }
    guard let first = own?.events(request.body).first else {
      throw .malformed("receipts has none of the store that has a receipt_number")
    }
    return first
  }

  /// Each has a body of its own, so that many receipts in one call are kept once and not squared.
  public func companions(of event: ChannelEvent) -> [ChannelEvent] {
    let rows = (try? ChannelJSON.decode(LoyverseRows.self, from: event.body))?.receipts ?? []
    guard event.kind.isWorkedOn,
      let store = rows.first(where: { $0.number == event.subject })?.storeID
    else { return [] }
    return rows.filter { $0.storeID == store }.flatMap { $0.events() }
      .filter { $0.key != event.key }
  }

  private func head(of request: HTTPRequest) throws(EventRefusal) -> LoyverseHead {
    try request.requireJSON()
    return try ChannelJSON.event(LoyverseHead.self, from: request.body)
  }
}
