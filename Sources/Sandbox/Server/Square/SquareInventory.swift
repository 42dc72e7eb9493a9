internal import Primitives
internal import StorageCore

/// Square's stock: physical counts that are applied by their own time, and what was counted.
enum SquareInventory {
  private static let changes = 100
  private static let pageCount: Int64 = 100
  private static let longestAge = Duration.seconds(86_400)

  /// One count that may be applied.
  private struct Count {
    var listing: StockListing
    var quantity: Int64
    var time: Timestamp
  }

  /// All of the changes, or none.
  static func change(_ market: Market, _ call: SquareCall) throws -> JSONValue {
    let entries = call.body["changes"].array ?? []
    guard (1...changes).contains(entries.count) else {
      throw SquareError.invalid(
        "ARRAY_LENGTH_TOO_LONG", "There must be 1 to \(changes) changes.", field: "changes")
    }
    let location = entries[0]["physical_count"]["location_id"].string ?? ""
    return try call.once(market, location) {
      var counts: [Count] = []
      var errors: [SquareError.Entry] = []
      for (index, entry) in entries.enumerated() {
        do {
          counts.append(try count(entry, "changes[\(index)]", market, call))
        } catch let error as SquareError {
          errors += error.entries
        }
      }
      guard errors.isEmpty else { throw SquareError(errors) }
      let answer = try counts.map { count in try apply(count, market) }
      return ["counts": .array(answer), "changes": .array([])]
    }
  }

  private static func count(
    _ entry: JSONValue, _ path: String, _ market: Market, _ call: SquareCall
  ) throws -> Count {
    guard entry["type"] == "PHYSICAL_COUNT" else {
      throw SquareError.invalid(
        "INVALID_VALUE", "The sandbox takes physical counts.", field: "\(path).type")
    }
    let body = entry["physical_count"]
    let stem = "\(path).physical_count"
    let shop = try call.shop(body["location_id"].string ?? "", field: "\(stem).location_id")
    guard body["state"] == "IN_STOCK" else {
      throw SquareError.invalid("INVALID_VALUE", "A count is IN_STOCK.", field: "\(stem).state")
    }
    guard let text = body["quantity"].string, let quantity = Int64(text),
      (0...SandboxLimits.stock).contains(quantity)
    else {
      throw SquareError.invalid(
        "INVALID_VALUE", "A quantity is a whole number as text.", field: "\(stem).quantity")
    }
    guard let time = body["occurred_at"].string.flatMap(ISOTime.parse), time <= call.now,
      call.now - time <= longestAge
    else {
      throw SquareError.invalid(
        "INVALID_TIME", "It occurred within the last 24 hours.", field: "\(stem).occurred_at")
    }
    let variation = body["catalog_object_id"].string ?? ""
    guard let listing = try market.transaction.listing(shop.key, squareVariation: variation) else {
      throw SquareError.invalid(
        "NOT_FOUND", "The object `\(variation)` was not found.",
        field: "\(stem).catalog_object_id")
    }
    guard !market.refusesEntry(of: .square) else {
      throw SquareError(
        400, "API_ERROR", "TEMPORARY_ERROR", "Try again.", field: "\(stem).quantity")
    }
    return Count(listing: listing, quantity: quantity, time: time)
  }

  /// A count says how many there were at its time: what was sold after it comes off, what came back
  /// comes on, and a count of an earlier time than the last one changes nothing.
  private static func apply(_ count: Count, _ market: Market) throws -> JSONValue {
    // Read again: an entry before it may have counted the same.
    let listing = count.listing
    guard
      var current = try market.transaction.listing(
        listing.shop, item: listing.itemID, variation: listing.variationID)
    else { throw MarketRefusal.listingUnknown(listing.itemID) }
    let known = try market.transaction.first(
      "SELECT occurred_time FROM square_count WHERE shop_id = ? AND variation_id = ?",
      [.text(listing.shop.shopID), .text(listing.squareVariation)]
    ) { $0.time(0) }
    if known.map({ $0 <= count.time }) ?? true {
      let since = try market.transaction.squareChange(of: current, since: count.time)
      let counted = max(0, count.quantity + since - current.withheld)
      if counted != current.sellable {
        current.sellable = counted
        try market.transaction.save(current, at: market.now)
      }
      try market.transaction.execute(
        """
        INSERT INTO square_count (shop_id, variation_id, occurred_time) VALUES (?, ?, ?)
        ON CONFLICT (shop_id, variation_id) DO UPDATE SET occurred_time = excluded.occurred_time
        """,
        [.text(listing.shop.shopID), .text(listing.squareVariation), .time(count.time)])
    }
    return json(current, at: market.now)
  }

  static func counts(_ transaction: any ReadTransaction, _ call: SquareCall) throws -> JSONValue {
    let wanted = (call.body["catalog_object_ids"].array ?? []).compactMap(\.string)
    let states = (call.body["states"].array ?? []).compactMap(\.string)
    guard states.isEmpty || states.contains("IN_STOCK") else { return [:] }
    let shops = try call.named(atMost: 100)
    let found = try shops.flatMap { shop in
      try wanted.isEmpty
        ? transaction.listings(shop.key)
        : wanted.compactMap { try transaction.listing(shop.key, squareVariation: $0) }
    }
    let offset = try SquareCall.offset(call.body["cursor"].string)
    let page = found.dropFirst(Int(offset)).prefix(Int(pageCount))
    let next = offset + Int64(page.count)
    return SquareCall.page(
      ["counts": .array(page.map { json($0, at: call.now) })],
      next: next < found.count ? next : nil)
  }

  private static func json(_ listing: StockListing, at now: Timestamp) -> JSONValue {
    [
      "catalog_object_id": .string(listing.squareVariation),
      "catalog_object_type": "ITEM_VARIATION", "state": "IN_STOCK",
      "location_id": .string(listing.shop.shopID),
      // A ticket that is not paid has not moved any stock yet.
      "quantity": .string(String(listing.sellable + listing.withheld)),
      "calculated_at": .string(now.text),
    ]
  }

  /// What returns have put back on sale.
  static func adjustments(
    _ transaction: any ReadTransaction, _ call: SquareCall
  ) throws -> JSONValue {
    let wanted = Set((call.body["catalog_object_ids"].array ?? []).compactMap(\.string))
    let start = call.body["updated_after"].string.flatMap(ISOTime.parse) ?? .zero
    var changes: [JSONValue] = []
    for shop in try call.named(atMost: 100) {
      let names = try transaction.returnIDs(
        shop.key, by: .updated, from: start, to: .distantFuture, skipping: 0,
        count: SandboxLimits.listedRows)
      for request in try names.compactMap({ try transaction.buyerReturn(shop.key, $0) }) {
        for line in request.lines where line.disposition == "RESTOCKED" {
          let variation = line.variationID.isEmpty ? line.itemID : line.variationID
          guard wanted.isEmpty || wanted.contains(variation) else { continue }
          changes.append([
            "type": "ADJUSTMENT",
            "adjustment": [
              "id": .string("AD\(line.lineID)"), "from_state": "RETURNED_BY_CUSTOMER",
              "to_state": "IN_STOCK", "location_id": .string(shop.key.shopID),
              "catalog_object_id": .string(variation),
              "quantity": .string(String(line.disposed)),
              "occurred_at": .string(request.updateTime.text),
              "refund_id": .string("RF\(request.returnID)"),
            ],
          ])
        }
      }
    }
    return ["changes": .array(changes)]
  }
}

extension StockListing {
  /// Every item of Square has a variation; one without takes the item's ID.
  var squareVariation: String { variationID.isEmpty ? itemID : variationID }
}

extension ReadTransaction {
  func listing(_ shop: Shop.Key, squareVariation id: String) throws -> StockListing? {
    let key = try first(
      """
      SELECT item_id, variation_id FROM listing
      WHERE channel = ? AND shop_id = ? AND (variation_id = ? OR variation_id = '' AND item_id = ?)
      LIMIT 1
      """, shop.values + [.text(id), .text(id)]
    ) { ($0.text(0), $0.text(1)) }
    return try key.flatMap { try listing(shop, item: $0.0, variation: $0.1) }
  }

  /// How much sales and returns have changed a listing's stock after a time; a sale takes units when
  /// it is paid.
  func squareChange(of listing: StockListing, since time: Timestamp) throws -> Int64 {
    let key = listing.shop.values + [.text(listing.itemID), .text(listing.variationID)]
    let sold = try int64(
      """
      SELECT SUM(line.quantity - line.cancelled) FROM order_line AS line
      JOIN buyer_order AS sale USING (channel, shop_id, order_id)
      WHERE line.channel = ? AND line.shop_id = ? AND line.item_id = ? AND line.variation_id = ?
        AND sale.pay_time > ?
      """, key + [.time(time)])
    let back = try int64(
      """
      SELECT SUM(line.disposed) FROM return_line AS line
      JOIN buyer_return AS request USING (channel, shop_id, return_id)
      WHERE line.channel = ? AND line.shop_id = ? AND line.item_id = ? AND line.variation_id = ?
        AND line.disposition = 'RESTOCKED' AND request.update_time > ?
      """, key + [.time(time)])
    return (back ?? 0) - (sold ?? 0)
  }
}
