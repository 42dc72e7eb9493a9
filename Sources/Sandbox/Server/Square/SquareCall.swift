internal import Primitives
internal import StorageCore

/// One call of Square's API: whose token it shows, and what it asks for.
struct SquareCall: Sendable {
  /// The locations that the token opens.
  var shops: [Shop]
  var query: FormFields
  var body: JSONValue
  var now: Timestamp

  /// A location that the caller may see.
  func shop(_ location: String, field: String) throws -> Shop {
    guard let shop = shops.first(where: { $0.key.shopID == location }) else {
      throw SquareError.invalid(
        "INVALID_VALUE", "The location `\(location)` is not the merchant's.", field: field)
    }
    return shop
  }

  /// The locations of `location_ids`.
  func named(atMost maximum: Int) throws -> [Shop] {
    let names = (body["location_ids"].array ?? []).compactMap(\.string)
    guard (1...maximum).contains(names.count) else {
      throw SquareError.invalid(
        "BAD_REQUEST", "There must be 1 to \(maximum) location IDs.", field: "location_ids")
    }
    return try names.map { try shop($0, field: "location_ids") }
  }

  /// An order at any of the locations.
  func order(_ id: String, _ transaction: any ReadTransaction) throws -> BuyerOrder? {
    for shop in shops {
      if let order = try transaction.order(shop.key, id) { return order }
    }
    return nil
  }

  /// The offset that a cursor of ours stands for.
  static func offset(_ cursor: String?) throws -> Int64 {
    guard let cursor, !cursor.isEmpty else { return 0 }
    guard cursor.hasPrefix("c"), let offset = Int64(cursor.dropFirst()), offset > 0 else {
      throw SquareError.invalid("INVALID_CURSOR", "The cursor is not valid.", field: "cursor")
    }
    return offset
  }

  /// `answer` with the cursor of the next page, when there is one.
  static func page(_ answer: JSONValue, next: Int64?) -> JSONValue {
    next.map { answer.adding("cursor", .string("c\($0)")) } ?? answer
  }

  /// Does a thing once for its `idempotency_key`: the same call again gets the first answer, another
  /// call with the key is refused.
  func once(
    _ market: Market, _ location: String, _ body: () throws -> JSONValue
  ) throws -> JSONValue {
    guard let key = self.body["idempotency_key"].string, (1...128).contains(key.utf8.count) else {
      throw SquareError.invalid(
        "MISSING_REQUIRED_PARAMETER", "An idempotency key has 1 to 128 characters.",
        field: "idempotency_key")
    }
    let request = self.body.json
    let row = try market.transaction.first(
      "SELECT request, response FROM idempotency WHERE shop_id = ? AND idempotency_key = ?",
      [.text(location), .text(key)]
    ) { ($0.text(0), $0.text(1)) }
    if let (known, response) = row {
      guard known == request else {
        throw SquareError.invalid(
          "IDEMPOTENCY_KEY_REUSED", "The key was used with other parameters.",
          field: "idempotency_key")
      }
      return JSONValue(parsing: response) ?? [:]
    }
    let answer = try body()
    let number = try market.transaction.next("number")
    try market.transaction.execute(
      """
      INSERT INTO idempotency (shop_id, idempotency_key, number, request, response)
      VALUES (?, ?, ?, ?, ?)
      """,
      [.text(location), .text(key), .integer(number), .text(request), .text(answer.json)])
    if number.isMultiple(of: 1_000) {
      try market.transaction.execute(
        "DELETE FROM idempotency WHERE number <= ?", [.integer(number - SandboxLimits.keptKeys)])
    }
    return answer
  }
}
