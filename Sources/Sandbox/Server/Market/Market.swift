internal import Kit
internal import Primitives
internal import StorageCore

/// What buyers and sellers do on a platform, inside one transaction of the store.
///
///     unpaid ──pay──▶ paid ──pack──▶ packed ──ready──▶ ready ──ship──▶ shipped ──▶ delivered
///       └────────────────cancel────────┘                                    └──▶ returned
///
/// Lazada has packed and ready; Shopee and Shopify go from paid to ready or shipped.
final class Market {
  let transaction: any Transaction
  let now: Timestamp
  private let faults: FaultDesk
  private(set) var deliveries: [Delivery] = []
  /// Whether the answer is a refusal that must leave nothing behind.
  var isRefused = false
  /// Entries of a call that were refused while the others were done.
  var refusedEntries: [JSONValue] = []

  init(_ transaction: any Transaction, now: Timestamp, faults: FaultDesk) {
    self.transaction = transaction
    self.now = now
    self.faults = faults
  }

  func shop(_ key: Shop.Key) throws -> Shop {
    guard let shop = try transaction.shop(key) else { throw MarketRefusal.shopUnknown }
    return shop
  }

  func order(_ key: Shop.Key, _ orderID: String) throws -> BuyerOrder {
    guard let order = try transaction.order(key, orderID) else {
      throw MarketRefusal.orderUnknown(orderID)
    }
    return order
  }

  /// Changes a listing's numbers; nothing when the seller has taken the listing away since.
  func change(
    _ shop: Shop.Key, item: String, variation: String, _ body: (inout StockListing) throws -> Void
  ) throws {
    guard var listing = try transaction.listing(shop, item: item, variation: variation) else {
      return
    }
    let before = listing
    try body(&listing)
    if listing != before { try transaction.save(listing, at: now) }
  }

  /// Whether an entry of a stock call is to be refused, by a fault that was asked for.
  func refusesEntry(of channel: Channel) -> Bool { faults.refusesEntry(of: channel) }

  /// Lets the shop's hook know, as the platform's faults allow.
  func send(_ drafts: [EventDraft], of key: Shop.Key) throws {
    guard !drafts.isEmpty, let shop = try transaction.shop(key), !shop.hookURL.isEmpty else {
      return
    }
    for draft in drafts {
      let each =
        key.channel == .woocommerce
        ? try WooCommerceEvents.ofEachWebhook(draft, key, transaction) : [draft]
      for draft in each { try send(draft, of: key) }
    }
  }

  private func send(_ draft: EventDraft, of key: Shop.Key) throws {
    var delivery = Delivery(
      deliveryID: 0, shop: key, topic: draft.topic, subject: draft.subject,
      eventID: UUIDText.random(), body: draft.body.json, isDuplicate: false, createTime: now,
      dueTime: now)
    let delays = faults.delays(of: key.channel)
    if delays.isEmpty {
      delivery.deliveryID = try transaction.next("delivery")
      try transaction.insert(delivery, state: .dropped)
    }
    for (copy, delay) in delays.enumerated() {
      delivery.deliveryID = try transaction.next("delivery")
      delivery.isDuplicate = copy > 0
      delivery.dueTime = now + .seconds(delay / 1000)
      try transaction.insert(delivery, state: .waiting)
      deliveries.append(delivery)
    }
    if delivery.deliveryID.isMultiple(of: 1_000) { try transaction.pruneDeliveries(at: now) }
  }
}
