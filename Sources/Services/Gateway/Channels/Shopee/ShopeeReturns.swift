public import ChannelAdapter
internal import Primitives

private struct ReturnDetail: Decodable {
  enum CodingKeys: String, CodingKey {
    case returnSN = "return_sn"
    case orderSN = "order_sn"
    case status, reason
    case items = "item"
    case solution = "return_solution"
    case needsLogistics = "needs_logistics"
    case updateTime = "update_time"
  }
  struct Item: Decodable {
    enum CodingKeys: String, CodingKey {
      case itemID = "item_id"
      case modelID = "model_id"
      case amount
      case itemSKU = "item_sku"
      case variationSKU = "variation_sku"
    }
    var itemID: FlexibleID
    var modelID: FlexibleID?
    var amount: LossyInt
    var itemSKU: String?
    var variationSKU: String?
  }
  var returnSN: FlexibleID
  var orderSN: FlexibleID
  var status: String
  var reason: String?
  var items: [Item]?
  var solution: LossyInt?
  var needsLogistics: LossyBool?
  var updateTime: LossyInt?
}

private struct ReturnSerial: Encodable {
  enum CodingKeys: String, CodingKey { case returnSN = "return_sn" }
  var returnSN: String
}

extension ShopeeAdapter {
  public func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    let detail = try await returnDetail(externalID, api)
    var lines: [ChannelReturn.Line] = []
    for item in detail.items ?? [] {
      let quantity = item.amount.value
      guard quantity >= 1, quantity <= QuantityLimits.maximum else {
        throw .malformed("return \(externalID) has a quantity of \(quantity)")
      }
      let id = ShopeeLine.id(item.itemID, item.modelID)
      if let index = lines.firstIndex(where: { $0.lineID == id }) {
        lines[index].quantity += quantity
        continue
      }
      let skus = [item.variationSKU, item.itemSKU].compactMap { $0 }
      lines.append(
        ChannelReturn.Line(
          lineID: id, orderLineID: id, itemID: item.itemID.text,
          variationID: item.modelID?.named ?? "", sellerSKU: skus.first { !$0.isEmpty } ?? "",
          quantity: quantity))
    }
    guard !lines.isEmpty else { throw .malformed("return \(externalID) has no item") }
    let updateTime = detail.updateTime.flatMap { ChannelTime.unix($0.value) }
    return ChannelReturn(
      externalID: externalID, orderExternalID: detail.orderSN.text, state: state(of: detail),
      lines: lines, reason: detail.reason ?? "",
      updateTime: updateTime ?? event?.updateTime ?? api.clock.now())
  }

  /// Refund only brings no goods. Anything else that is not withdrawn may bring some, whoever
  /// judges it.
  private func state(of detail: ReturnDetail) -> ChannelReturn.State {
    if detail.solution?.value == 1 { return .closed }
    if detail.needsLogistics?.value == false, detail.solution == nil { return .closed }
    return detail.status == "CANCELLED" || detail.status == "CLOSED" ? .closed : .requested
  }

  /// Confirms the refund. A refusal takes a dispute with a reason, an address and pictures, which
  /// only a person has.
  public func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {
    guard answer.accepted else {
      throw .refused(
        "Shopee takes a refusal only as a dispute with evidence: raise it in Seller Centre")
    }
    let result = try await ShopeeClient(api: api).answer(
      "returns/confirm", ReturnSerial(returnSN: answer.returnExternalID), as: ShopeeNothing.self)
    guard let failure = result.failure else { return }
    let error = failure.channelError(now: api.clock.now())
    switch error {
    case .refused, .notFound:
      // Confirming twice is refused; the return then says that it was accepted.
      let detail = try await returnDetail(answer.returnExternalID, api)
      guard ["ACCEPTED", "CLOSED", "PROCESSING"].contains(detail.status) else { throw error }
    default:
      throw error
    }
  }

  private func returnDetail(
    _ returnSN: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> ReturnDetail {
    try await ShopeeClient(api: api).get(
      "returns/get_return_detail", [("return_sn", returnSN)], as: ReturnDetail.self)
  }
}
