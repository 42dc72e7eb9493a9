public import ChannelAdapter
internal import Primitives

private struct LazadaEligibility: Decodable {
  enum CodingKeys: String, CodingKey { case reasons = "reason_options" }
  struct Reason: Decodable {
    enum CodingKeys: String, CodingKey {
      case id = "reason_id"
      case name = "reason_name"
    }
    var id: FlexibleID
    var name: String?

    /// "Out of stock" and "wrong price" set the listing's stock to 0 (document 120164).
    var leavesTheListingAlone: Bool {
      let words = (name ?? "").lowercased()
      return !words.isEmpty && !words.contains("stock") && !words.contains("pric")
    }
  }
  var reasons: [Lossy<Reason>]?
}

extension LazadaAdapter: OrderCancelling {
  /// Which reasons there are, Lazada says of each order: the first that does not empty the listing is given.
  public func cancelOrder(
    _ cancellation: OrderCancellation, api: ChannelAPI
  ) async throws(ChannelError) {
    let name = cancellation.orderExternalID
    let units = try await units(of: name, api).filter { $0.isFulfilledByLazada?.value != true }
    guard !units.isEmpty else { throw .refused("Lazada has no units of ours for order \(name)") }
    var present: [String: Quantity] = [:]
    for unit in units { present[unit.lineID, default: 0] += 1 }
    var wanted = try cancellation.targets(of: present)
    for unit in units where unit.stage == .cancelled { wanted[unit.lineID, default: 0] -= 1 }
    var chosen: [String] = []
    for unit in units where unit.stage != .cancelled {
      guard wanted[unit.lineID, default: 0] > 0 else { continue }
      wanted[unit.lineID, default: 0] -= 1
      guard unit.stage != .left else { throw .refused("order \(name) has left") }
      chosen.append(unit.orderItemID.text)
    }
    guard !chosen.isEmpty else { return }
    let ids = ChannelJSON.encodeText(chosen)
    let client = LazadaClient(api: api)
    let eligible = try await client.get(
      "/order/reverse/cancel/validate", [("order_id", name), ("order_item_id_list", ids)],
      as: LazadaResult<LazadaEligibility>.self
    ).content()
    let reasons = (eligible.reasons ?? []).compactMap(\.value)
    guard let reason = reasons.first(where: \.leavesTheListingAlone) else {
      throw .refused(
        "Lazada offers no reason for order \(name) that leaves the listing's stock alone: cancel it in Seller Centre"
      )
    }
    _ = try await client.post(
      "/order/reverse/cancel/create",
      [("order_id", name), ("order_item_id_list", ids), ("reason_id", reason.id.text)],
      as: LazadaNothing.self)
  }
}
