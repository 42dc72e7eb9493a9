public import ChannelAdapter
internal import Primitives

private struct ReturnSearch: Encodable {
  enum CodingKeys: String, CodingKey { case ids = "return_ids" }
  var ids: [String]
}

private struct ReturnList: Decodable {
  enum CodingKeys: String, CodingKey { case returns = "return_orders" }
  var returns: [ReturnOrder]?
}

private struct ReturnOrder: Decodable {
  enum CodingKeys: String, CodingKey {
    case id = "return_id"
    case orderID = "order_id"
    case type = "return_type"
    case status = "return_status"
    case reason = "return_reason_text"
    case isKeptByBuyer = "can_buyer_keep_item"
    case updateTime = "update_time"
    case createTime = "create_time"
    case lines = "return_line_items"
  }
  struct Line: Decodable {
    enum CodingKeys: String, CodingKey {
      case id = "return_line_item_id"
      case unitID = "order_line_item_id"
      case skuID = "sku_id"
      case sellerSKU = "seller_sku"
    }
    var id: FlexibleID
    var unitID: FlexibleID?
    var skuID: FlexibleID?
    var sellerSKU: FlexibleID?
  }
  var id: FlexibleID
  var orderID: FlexibleID
  var type: String
  var status: String
  var reason: Lossy<String>?
  var isKeptByBuyer: LossyBool?
  var updateTime: LossyInt?
  var createTime: LossyInt?
  var lines: [Line]?

  enum Step {
    /// The buyer asks; the seller's leave is waited for.
    case asked
    case underWay
    /// The parcel is here, or said to be: the money is waited for.
    case sentBack
    case paidBack
    case over
  }

  /// Events and answers spell differently, and some words have two underscores.
  var step: Step {
    let words = status.uppercased().split(separator: "_")
    func has(_ word: String) -> Bool { words.contains { $0.hasPrefix(word) } }
    if has("CANCEL") || (has("REJECT") && !has("RECEIVE")) { return .over }
    if has("SUCCESS") || has("COMPLETE") { return .paidBack }
    if has("PENDING") { return .asked }
    return words.starts(with: ["BUYER", "SHIPPED"]) ? .sentBack : .underWay
  }

  /// Money only, or the buyer keeps the goods.
  var bringsNothing: Bool { type.uppercased() == "REFUND" || isKeptByBuyer?.value == true }
}

private struct Decision: Encodable {
  var decision: String
}

extension TikTokShopAdapter {
  /// One line a unit and SKU. Which SKUs a unit takes, the order says: a bundle's parts come back one by one.
  public func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    let found = try await returnOrder(externalID, api)
    guard let returned = found.lines, !returned.isEmpty else {
      throw .malformed("return \(externalID) has no lines")
    }
    var units: [String: TikTokShopUnit] = [:]
    for unit in try await order(found.orderID.text, api).units ?? [] { units[unit.id.text] = unit }
    let lines = returned.flatMap { line -> [ChannelReturn.Line] in
      guard let unit = line.unitID.flatMap({ units[$0.text] }) else {
        let sku = line.skuID?.named ?? ""
        return [
          ChannelReturn.Line(
            lineID: line.id.text, itemID: "", variationID: sku,
            sellerSKU: line.sellerSKU?.text ?? "", quantity: 1)
        ]
      }
      return unit.parts.map { part in
        ChannelReturn.Line(
          lineID: unit.parts.count == 1 ? line.id.text : "\(line.id.text)-\(part.lineID)",
          orderLineID: part.lineID, itemID: part.productID, variationID: part.skuID,
          sellerSKU: part.sellerSKU, quantity: part.count)
      }
    }
    let time = (found.updateTime ?? found.createTime).flatMap { ChannelTime.unix($0.value) }
    let isClosed = found.bringsNothing || found.step == .over
    return ChannelReturn(
      externalID: externalID, orderExternalID: found.orderID.text,
      state: isClosed ? .closed : .requested, lines: lines, reason: found.reason?.value ?? "",
      updateTime: time ?? event?.updateTime ?? api.clock.now())
  }

  /// Gives leave where it is asked for, then takes the parcel, which pays the buyer. Goods that are here before TikTok
  /// has heard that they were sent are answered again later. A refusal takes a reason and pictures, a replacement a
  /// decision, which only a person has.
  public func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {
    guard answer.accepted else {
      throw .refused("TikTok Shop takes a refusal only with evidence: enter it in Seller Center")
    }
    var found = try await returnOrder(answer.returnExternalID, api)
    if found.step == .asked {
      switch found.type.uppercased() {
      case "REFUND": try await decide("APPROVE_REFUND", found, api)
      case "REPLACEMENT":
        throw .refused("whether return \(found.id) is replaced or refunded, a person decides")
      default: try await decide("APPROVE_RETURN", found, api)
      }
      found = try await returnOrder(answer.returnExternalID, api)
    }
    switch found.step {
    case .paidBack: return
    case .sentBack: try await decide("APPROVE_RECEIVED_PACKAGE", found, api)
    case .asked, .underWay:
      throw .unavailable("return \(found.id) is \(found.status): TikTok waits for its parcel")
    case .over: throw .refused("return \(found.id) is \(found.status)")
    }
  }

  /// The key makes a repeat the same request.
  private func decide(
    _ decision: String, _ found: ReturnOrder, _ api: ChannelAPI
  ) async throws(ChannelError) {
    let key = ChannelSignature.derivedID("\(found.id) \(decision)")
    let answer = try await TikTokShopClient(api: api).answer(
      "/return_refund/202309/returns/\(ChannelQuery.encode(found.id.text))/approve",
      [("idempotency_key", key)], Decision(decision: decision), as: TikTokShopNothing.self)
    if let failure = answer.failure { throw failure.channelError }
  }

  private func returnOrder(
    _ id: String, _ api: ChannelAPI
  ) async throws(ChannelError) -> ReturnOrder {
    let list = try await TikTokShopClient(api: api).post(
      "/return_refund/202309/returns/search", [("page_size", String(TikTokShopLimits.returns))],
      ReturnSearch(ids: [id]), as: ReturnList.self)
    guard let found = list.returns?.first(where: { $0.id.text == id }) else {
      throw .notFound("TikTok Shop has no return \(id)")
    }
    return found
  }
}
