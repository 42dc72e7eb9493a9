internal import Primitives
internal import StorageCore

extension ShopifyMutations {
  private static let entries = 250
  private static let maximum: Int64 = 1_000_000_000
  private static let reasons: Set<String> = [
    "correction", "cycle_count_available", "damaged", "movement_created", "movement_updated",
    "movement_received", "movement_canceled", "other", "promotion", "quality_control", "received",
    "reservation_created", "reservation_deleted", "reservation_updated", "restock",
    "safety_stock", "shrinkage",
  ]

  /// An entry that may be done.
  private struct Change {
    var listing: StockListing
    var delta: Int64
    var after: Int64
  }

  /// Absolute numbers of `available` or `on_hand`; all of them, or none.
  func setQuantities(_ arguments: GraphArguments) throws -> StockOutcome {
    let input = arguments["input"]
    let name = input["name"].string ?? ""
    guard name == "available" || name == "on_hand" else {
      return .refused("INVALID_NAME", ["input", "name"], "The quantity name is invalid.")
    }
    return try apply(input, listName: "quantities", name: name) { listing, entry, field in
      guard let quantity = entry["quantity"].integer else {
        throw GraphError("quantity must be an Int", code: "INVALID_VARIABLE")
      }
      let current = name == "available" ? listing.sellable : listing.real
      if quantity < 0 {
        return .failure(
          .init(
            code: "INVALID_QUANTITY_NEGATIVE", field: field + ["quantity"],
            message: "The quantity can't be negative."))
      }
      if quantity > Self.maximum {
        return .failure(
          .init(
            code: "INVALID_QUANTITY_TOO_HIGH", field: field + ["quantity"],
            message: "The quantity can't be higher than 1,000,000,000."))
      }
      return .success(quantity - current)
    }
  }

  /// Signed changes of `available`.
  func adjustQuantities(_ arguments: GraphArguments) throws -> StockOutcome {
    let input = arguments["input"]
    guard input["name"].string == "available" else {
      return .refused("INVALID_QUANTITY_NAME", ["input", "name"], "The quantity name is invalid.")
    }
    return try apply(input, listName: "changes", name: "available") { _, entry, _ in
      guard let delta = entry["delta"].integer else {
        throw GraphError("delta must be an Int", code: "INVALID_VARIABLE")
      }
      return .success(delta)
    }
  }

  private func apply(
    _ input: JSONValue, listName: String, name: String,
    _ delta: (StockListing, JSONValue, [String]) throws -> Result<Int64, ShopifyMutationError>
  ) throws -> StockOutcome {
    guard let entries = input[listName].array, !entries.isEmpty, entries.count <= Self.entries
    else {
      throw GraphError(
        "\(listName) must have 1 to \(Self.entries) entries", code: "MAX_INPUT_SIZE_EXCEEDED")
    }
    let reason = input["reason"].string ?? ""
    guard Self.reasons.contains(reason) else {
      return .refused("INVALID_REASON", ["input", "reason"], "The reason is invalid.")
    }
    if market.refusesEntry(of: .shopify) {
      throw GraphError(
        "Internal error. Looks like something went wrong on our end.", code: "INTERNAL_SERVER_ERROR"
      )
    }
    var outcome = StockOutcome()
    var changes: [Change] = []
    var seen: Set<String> = []
    for (index, entry) in entries.enumerated() {
      let field = ["input", listName, String(index)]
      switch try check(entry, field, name, isFirst: { seen.insert($0).inserted }, delta) {
      case .success(let change): changes.append(change)
      case .failure(let error): outcome.errors.append(error.userError)
      }
    }
    guard outcome.errors.isEmpty else { return outcome }
    outcome.groupID = String(try market.transaction.next("number"))
    outcome.reason = reason
    for var change in changes {
      change.listing.sellable += change.delta
      try market.transaction.save(change.listing, at: market.now)
      outcome.changes.append(
        .init(
          name: name, item: change.listing.inventoryItemID, location: schema.locationID,
          delta: change.delta, after: change.after))
    }
    return outcome
  }

  private func check(
    _ entry: JSONValue, _ field: [String], _ name: String, isFirst: (String) -> Bool,
    _ delta: (StockListing, JSONValue, [String]) throws -> Result<Int64, ShopifyMutationError>
  ) throws -> Result<Change, ShopifyMutationError> {
    // Source: shopify.dev changelog, making-changefromquantity-field-required; null opts out.
    guard entry.has("changeFromQuantity") else {
      throw GraphError(
        "changeFromQuantity (Expected value to not be missing) at \(field.joined(separator: "."))",
        code: "INVALID_VARIABLE")
    }
    guard let item = ShopifyWords.number(entry["inventoryItemId"], "InventoryItem"),
      let listing = try market.transaction.listing(shop.key, inventoryItem: item)
    else {
      return .failure(
        .init(
          code: "INVALID_INVENTORY_ITEM", field: field + ["inventoryItemId"],
          message: "The specified inventory item could not be found."))
    }
    let location = ShopifyWords.number(entry["locationId"], "Location")
    guard location == schema.locationID else {
      return .failure(
        .init(
          code: "INVALID_LOCATION", field: field + ["locationId"],
          message: "The specified location could not be found."))
    }
    guard isFirst(item) else {
      return .failure(
        .init(
          code: "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", field: field,
          message: "The combination of inventoryItemId and locationId must be unique."))
    }
    let current = name == "available" ? listing.sellable : listing.real
    if !entry["changeFromQuantity"].isNull, entry["changeFromQuantity"].integer != current {
      return .failure(
        .init(
          code: "CHANGE_FROM_QUANTITY_STALE", field: field + ["changeFromQuantity"],
          message: "The changeFromQuantity value does not match the current quantity."))
    }
    switch try delta(listing, entry, field) {
    case .failure(let error): return .failure(error)
    case .success(let change):
      guard listing.sellable + change >= 0 else {
        return .failure(
          .init(
            code: "INVALID_QUANTITY_NEGATIVE", field: field,
            message: "The sandbox sells no unit that is not there: available can't be negative."))
      }
      return .success(Change(listing: listing, delta: change, after: current + change))
    }
  }

  /// Every item is stocked at the one location already.
  func activate(_ arguments: GraphArguments) throws -> GraphResult {
    let item = ShopifyWords.number(arguments["inventoryItemId"], "InventoryItem") ?? ""
    guard let listing = try market.transaction.listing(shop.key, inventoryItem: item),
      ShopifyWords.number(arguments["locationId"], "Location") == schema.locationID
    else {
      return payload(
        "InventoryActivate", ["inventoryLevel"],
        .refused("NOT_FOUND", ["inventoryItemId"], "The item or the location does not exist."))
    }
    return payload(
      "InventoryActivate", ["inventoryLevel"],
      Outcome(fields: ["inventoryLevel": .object(schema.level(listing))]))
  }
}

/// Why one entry of a mutation is refused.
struct ShopifyMutationError: Error, Equatable {
  var code: String
  var field: [String]
  var message: String

  var userError: ShopifyMutations.UserError {
    .init(code: code, field: field, message: message)
  }
}
