internal import Primitives
internal import StorageCore

/// What an idempotent mutation has done, in a form that can be kept and answered again.
struct StockOutcome {
  struct Change: Equatable {
    var name: String
    var item: String
    var location: String
    var delta: Int64
    var after: Int64
  }

  static let fieldNames = ["inventoryAdjustmentGroup", "refund", "order"]

  var groupID = ""
  var reason = ""
  var changes: [Change] = []
  /// Of refundCreate.
  var refundID = ""
  var orderID = ""
  var errors: [ShopifyMutations.UserError] = []

  init() {}

  static func refused(_ code: String?, _ field: [String], _ message: String) -> StockOutcome {
    var outcome = StockOutcome()
    outcome.errors = [.init(code: code, field: field, message: message)]
    return outcome
  }

  init(_ json: JSONValue) {
    groupID = json["group"].string ?? ""
    reason = json["reason"].string ?? ""
    refundID = json["refund"].string ?? ""
    orderID = json["order"].string ?? ""
    changes = (json["changes"].array ?? []).map { change in
      Change(
        name: change["name"].string ?? "", item: change["item"].string ?? "",
        location: change["location"].string ?? "", delta: change["delta"].integer ?? 0,
        after: change["after"].integer ?? 0)
    }
  }

  var json: JSONValue {
    [
      "group": .string(groupID), "reason": .string(reason), "refund": .string(refundID),
      "order": .string(orderID),
      "changes": .array(
        changes.map { change in
          [
            "name": .string(change.name), "item": .string(change.item),
            "location": .string(change.location), "delta": .integer(change.delta),
            "after": .integer(change.after),
          ]
        }),
    ]
  }

  func fields(_ schema: ShopifySchema) throws -> [String: GraphResult] {
    var fields: [String: GraphResult] = [:]
    if !groupID.isEmpty { fields["inventoryAdjustmentGroup"] = .object(group(schema)) }
    if !refundID.isEmpty {
      fields["refund"] = .object(
        GraphObject("Refund", ["id": .string(ShopifyWords.gid("Refund", refundID))]))
    }
    if !orderID.isEmpty {
      fields["order"] = .optional(
        try schema.transaction.order(schema.shop.key, orderID).map(schema.order))
    }
    return fields
  }

  private func group(_ schema: ShopifySchema) -> GraphObject {
    var group = GraphObject(
      "InventoryAdjustmentGroup",
      [
        "id": .string(ShopifyWords.gid("InventoryAdjustmentGroup", groupID)),
        "reason": .string(reason), "referenceDocumentUri": .null, "createdAt": .null,
      ])
    group["changes"] = { _ in
      .list(
        changes.map { change in
          var object = GraphObject(
            "InventoryChange",
            [
              "name": .string(change.name), "delta": .integer(change.delta),
              "quantityAfterChange": .integer(change.after), "ledgerDocumentUri": .null,
            ])
          object["item"] = { _ in
            .optional(
              try schema.transaction.listing(schema.shop.key, inventoryItem: change.item)
                .map(schema.inventoryItem))
          }
          object["location"] = { _ in .object(schema.location(change.location)) }
          return .object(object)
        })
    }
    return group
  }
}
