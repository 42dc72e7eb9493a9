internal import RPCCore

/// Why the control API does not do what it is asked; answered as `{"error": …}`.
struct ControlError: Error, Equatable, Sendable {
  var status: Int
  var message: String
  var detail: JSONValue

  init(_ status: Int, _ message: String, detail: JSONValue = .null) {
    self.status = status
    self.message = message
    self.detail = detail
  }

  init(_ refusal: MarketRefusal) {
    switch refusal {
    case .shopUnknown: self.init(404, "shop_unknown")
    case .listingUnknown(let id): self.init(404, "listing_unknown", detail: .string(id))
    case .orderUnknown(let id): self.init(404, "order_unknown", detail: .string(id))
    case .lineUnknown(let id): self.init(404, "line_unknown", detail: .string(id))
    case .returnUnknown(let id): self.init(404, "return_unknown", detail: .string(id))
    case .soldOut(let item, let variation, let shown):
      self.init(
        409, "sold_out",
        detail: [
          "item_id": .string(item), "variation_id": .string(variation), "shown": .integer(shown),
        ])
    case .stateWrong(let text): self.init(409, "state_wrong", detail: .string(text))
    case .invalid(let text): self.init(400, "invalid", detail: .string(text))
    }
  }

  var response: HTTPResponse {
    var body: JSONValue = ["error": .string(message)]
    if !detail.isNull { body = body.adding("detail", detail) }
    return .json(status, body.bytes)
  }
}
