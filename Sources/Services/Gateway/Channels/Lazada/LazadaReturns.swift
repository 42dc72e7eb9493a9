public import ChannelAdapter
internal import Primitives

private struct ReverseOrder: Decodable {
  enum CodingKeys: String, CodingKey {
    case orderID = "trade_order_id"
    case requestType = "request_type"
    case isToMerchant = "is_rtm"
    case lines = "reverseOrderLineDTOList"
    case linesOfList = "reverse_order_lines"
  }
  struct Line: Decodable {
    enum CodingKeys: String, CodingKey {
      case id = "reverse_order_line_id"
      case orderLineID = "trade_order_line_id"
      case status = "reverse_status"
      case reason = "reason_text"
      case sellerSKU = "seller_sku_id"
      case platformSKU = "platform_sku_id"
      case modified = "return_order_line_gmt_modified"
    }
    var id: FlexibleID
    var orderLineID: FlexibleID?
    var status: String?
    var reason: String?
    var sellerSKU: FlexibleID?
    var platformSKU: FlexibleID?
    var modified: LossyInt?

    /// Refused by the seller or withdrawn by the buyer.
    var isOver: Bool {
      let status = (status ?? "").uppercased()
      return ["REJECT", "CANCEL", "CANCELED", "CANCELLED"].contains { status.hasSuffix($0) }
    }
    var isRefunded: Bool {
      let status = (status ?? "").uppercased()
      return status.contains("REFUND")
        && ["SUCCESS", "ISSUED", "AUTHORIZED", "COMPLETE", "COMPLETED"]
          .contains { status.hasSuffix($0) }
        || status == "REQUEST_COMPLETE"
    }
  }
  var orderID: FlexibleID
  var requestType: String?
  var isToMerchant: LossyBool?
  var lines: [Line]?
  var linesOfList: [Line]?

  var allLines: [Line] { lines ?? linesOfList ?? [] }
}

extension LazadaAdapter {
  /// One line a unit, as Lazada has them. Which SKU a unit is, the order says: the return's own
  /// `platform_sku_id` is documented as no more than a text.
  public func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    let reverse = try await reverseOrder(externalID, api)
    guard !reverse.allLines.isEmpty else {
      throw .malformed("return \(externalID) has no lines")
    }
    let units = try await units(of: reverse.orderID.text, api)
    var byID: [String: LazadaUnit] = [:]
    for unit in units { byID[unit.orderItemID.text] = unit }
    let lines = reverse.allLines.map { line in
      let unit = line.orderLineID.flatMap { byID[$0.text] }
      let platformSKU = line.platformSKU?.named ?? ""
      return ChannelReturn.Line(
        lineID: line.id.text, orderLineID: unit?.lineID ?? "",
        itemID: unit?.productID?.named ?? unit?.lineID ?? platformSKU,
        variationID: unit?.skuID?.named ?? "",
        sellerSKU: unit?.sku?.text ?? line.sellerSKU?.text ?? "", quantity: 1)
    }
    let times = reverse.allLines.compactMap { $0.modified.flatMap { ChannelTime.unix($0.value) } }
    return ChannelReturn(
      externalID: externalID, orderExternalID: reverse.orderID.text, state: state(of: reverse),
      lines: lines, reason: reverse.allLines.compactMap(\.reason).first ?? "",
      updateTime: times.max() ?? event?.updateTime ?? api.clock.now())
  }

  /// Goods come to us only with a RETURN that goes to the merchant and that nobody has ended.
  private func state(of reverse: ReverseOrder) -> ChannelReturn.State {
    guard reverse.requestType ?? "RETURN" == "RETURN", reverse.isToMerchant?.value != false,
      !reverse.allLines.allSatisfy(\.isOver)
    else { return .closed }
    return .requested
  }

  /// Agrees to the refund. A refusal takes a reason, a comment and pictures, which only a person
  /// has.
  public func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {
    guard answer.accepted else {
      throw .refused("Lazada takes a refusal only with evidence: enter it in Seller Centre")
    }
    let reverse = try await reverseOrder(answer.returnExternalID, api)
    let named = Set(answer.lines.map(\.lineID))
    let lines = reverse.allLines.filter { named.isEmpty || named.contains($0.id.text) }
    let open = lines.filter { !$0.isRefunded && !$0.isOver }
    guard !open.isEmpty else { return }
    let ids = open.compactMap { Int64($0.id.text) }
    guard ids.count == open.count else {
      throw .malformed("a reverse_order_line_id is not a number")
    }
    _ = try await LazadaClient(api: api).post(
      "/order/reverse/return/update",
      [
        ("action", "agreeRefund"), ("reverse_order_id", answer.returnExternalID),
        ("reverse_order_item_ids", ChannelJSON.encodeText(ids)),
      ], as: LazadaNothing.self)
  }

  private func reverseOrder(
    _ id: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> ReverseOrder {
    try await LazadaClient(api: api).get(
      "/order/reverse/return/detail/list", [("reverse_order_id", id)],
      as: LazadaData<ReverseOrder>.self
    ).data
  }
}
