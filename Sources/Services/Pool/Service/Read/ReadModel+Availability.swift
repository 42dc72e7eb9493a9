internal import PoolAPI
internal import PoolDomain
internal import Primitives

extension ReadModel.State: AvailabilitySource {
  func group(of sku: SKUIndex) -> SKUGroup? { skus[sku.int].group }

  func available(_ sku: SKUIndex) -> Quantity { stocks[sku.int].available }

  func eachBalance(of sku: SKUIndex, _ body: (PoolDomain.Balance) -> Void) {
    stocks[sku.int].eachBalance(body)
  }

  func rateWeight(of sku: SKUIndex) -> Int64 {
    guard buffers.followsDemand else { return 0 }
    let moment = rateTime
    var weight: Int64 = 0
    stocks[sku.int].eachRate { weight += $0.weight(at: moment) }
    return weight
  }

  /// The holds on a SKU, the oldest first.
  ///
  /// - Complexity: O(holds): an operator's question, not a channel's.
  func holders(of sku: SKUIndex) -> [ExplainAvailabilityResponse.Holder] {
    holds.values
      .filter { hold in hold.state == .held && hold.lines.contains { $0.sku == sku } }
      .sorted { ($0.createTime, $0.id) < ($1.createTime, $1.id) }
      .map { hold in
        ExplainAvailabilityResponse.Holder(
          holdID: hold.id.text, owner: hold.owner,
          quantity: hold.lines.reduce(0) { $1.sku == sku ? $0 + $1.quantity : $0 },
          expireTime: hold.expireTime)
      }
  }
}
