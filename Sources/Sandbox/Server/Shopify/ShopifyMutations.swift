internal import Primitives
internal import StorageCore

/// The mutations that are served. What is wrong with a request comes as `userErrors`, with HTTP
/// 200, and then nothing of it is done.
struct ShopifyMutations {
  let market: Market
  let shop: Shop
  let schema: ShopifySchema

  init(_ market: Market, _ shop: Shop) {
    self.market = market
    self.shop = shop
    schema = ShopifySchema(transaction: market.transaction, shop: shop)
  }

  var root: GraphObject {
    var root = GraphObject("Mutation")
    root["inventorySetQuantities"] = { try idempotent("inventorySetQuantities", $0, setQuantities) }
    root["inventoryAdjustQuantities"] = {
      try idempotent("inventoryAdjustQuantities", $0, adjustQuantities)
    }
    root["inventoryActivate"] = activate
    root["fulfillmentCreate"] = fulfil
    root["fulfillmentOrderLineItemsPreparedForPickup"] = prepare
    root["orderCancel"] = cancel
    root["refundCreate"] = { try idempotent("refundCreate", $0, refund) }
    root["returnCreate"] = createReturn
    root["returnApproveRequest"] = { try moveReturn($0, to: .accepted) }
    root["returnDeclineRequest"] = { try moveReturn($0, to: .cancelled) }
    root["returnClose"] = { try moveReturn($0, to: .closed) }
    root["returnProcess"] = processReturn
    root["reverseFulfillmentOrderDispose"] = dispose
    return root
  }

  /// What a mutation answers: its own fields, and what is wrong.
  struct Outcome {
    var fields: [String: GraphResult] = [:]
    var errors: [UserError] = []

    static func refused(_ code: String?, _ field: [String], _ message: String) -> Outcome {
      Outcome(errors: [UserError(code: code, field: field, message: message)])
    }
  }

  struct UserError: Equatable {
    var code: String?
    var field: [String]
    var message: String
  }

  /// A payload whose `fields` are null when something is wrong.
  func payload(_ type: String, _ names: [String], _ outcome: Outcome) -> GraphResult {
    if !outcome.errors.isEmpty { market.isRefused = true }
    var object = GraphObject("\(type)Payload")
    for name in names { object[name] = { _ in outcome.fields[name] ?? .null } }
    object["userErrors"] = { _ in
      .list(
        outcome.errors.map { error in
          .object(
            GraphObject(
              "UserError",
              [
                "code": .optional(error.code), "message": .string(error.message),
                "field": .array(error.field.map { .string($0) }),
              ]))
        })
    }
    return .object(object)
  }

  /// Runs a market's change and turns its refusal into a user error.
  func attempt(_ field: [String], _ body: () throws -> Outcome) throws -> Outcome {
    do {
      return try body()
    } catch let refusal as MarketRefusal {
      return Outcome(errors: [Self.userError(refusal, field)])
    }
  }

  static func userError(_ refusal: MarketRefusal, _ field: [String]) -> UserError {
    switch refusal {
    case .shopUnknown:
      UserError(code: "NOT_FOUND", field: field, message: "The shop does not exist")
    case .listingUnknown(let id), .orderUnknown(let id), .lineUnknown(let id),
      .returnUnknown(let id):
      UserError(code: "NOT_FOUND", field: field, message: "\(id) does not exist")
    case .soldOut: UserError(code: "INVALID", field: field, message: "Not enough stock")
    case .stateWrong(let text), .invalid(let text):
      UserError(code: "INVALID", field: field, message: text)
    }
  }

  /// Runs a mutation once for a key: a repeat gets the first answer.
  ///
  /// - Note: Source: shopify.dev api/usage/idempotent-requests; the directive is required from
  ///   2026-04.
  private func idempotent(
    _ name: String, _ arguments: GraphArguments, _ body: (GraphArguments) throws -> StockOutcome
  ) throws -> GraphResult {
    guard let key = arguments.directives["idempotent"]?["key"].string, !key.isEmpty else {
      throw GraphError(
        "The @idempotent directive with a key is required for this mutation.", code: "BAD_REQUEST")
    }
    let request = JSONValue.object(
      arguments.values.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) })
    let text = "\(name) \(Self.canonical(request).json)"
    let row = try market.transaction.first(
      "SELECT request, response FROM idempotency WHERE shop_id = ? AND idempotency_key = ?",
      [.text(shop.key.shopID), .text(key)]
    ) { ($0.text(0), $0.text(1)) }
    if let (known, response) = row {
      guard known == text else {
        return payload(
          name, StockOutcome.fieldNames,
          .refused(
            "IDEMPOTENCY_KEY_PARAMETER_MISMATCH", [],
            "The same idempotency key cannot be used with different operation parameters."))
      }
      return try result(name, StockOutcome(JSONValue(parsing: response) ?? [:]))
    }
    let outcome = try body(arguments)
    // A refusal is not remembered: the same key may be tried again once its cause is gone.
    if outcome.errors.isEmpty { try remember(key, text, outcome) }
    return try result(name, outcome)
  }

  private func remember(_ key: String, _ request: String, _ outcome: StockOutcome) throws {
    let number = try market.transaction.next("number")
    try market.transaction.execute(
      """
      INSERT INTO idempotency (shop_id, idempotency_key, number, request, response)
      VALUES (?, ?, ?, ?, ?)
      """,
      [
        .text(shop.key.shopID), .text(key), .integer(number), .text(request),
        .text(outcome.json.json),
      ])
    guard number.isMultiple(of: 1_000) else { return }
    try market.transaction.execute(
      "DELETE FROM idempotency WHERE number <= ?", [.integer(number - SandboxLimits.keptKeys)])
  }

  /// The same JSON for the same values, whatever order its members came in.
  private static func canonical(_ value: JSONValue) -> JSONValue {
    switch value {
    case .object(let members):
      .object(
        members.sorted { $0.name < $1.name }.map {
          .init(name: $0.name, value: canonical($0.value))
        })
    case .array(let items): .array(items.map(canonical))
    case .null, .bool, .integer, .number, .string: value
    }
  }

  private func result(_ name: String, _ outcome: StockOutcome) throws -> GraphResult {
    payload(
      name, StockOutcome.fieldNames,
      Outcome(fields: try outcome.fields(schema), errors: outcome.errors))
  }
}
