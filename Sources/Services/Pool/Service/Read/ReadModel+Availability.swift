internal import PoolDomain
internal import Primitives

extension ReadModel.State: AvailabilitySource {
  func group(of sku: SKUIndex) -> SKUGroup? { skus.group(at: sku.int) }

  func available(_ sku: SKUIndex) -> Quantity { stocks.available(sku) }

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
}
