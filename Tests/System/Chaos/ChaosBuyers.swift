import FulfilmentAPI
import Primitives
import RPCCore
import ReturnsAPI

/// Buyers of one channel, and what the warehouse does with what they have ordered.
struct ChaosBuyers: Sendable {
  /// What came back, by order.
  actor Returned {
    private(set) var orders: [String: [String: Int64]] = [:]

    func add(_ order: String, _ units: [String: Int64]) {
      orders[order, default: [:]].merge(units, uniquingKeysWith: +)
    }
  }

  let shop: Shop
  let world: ChaosWorld
  let plan: ChaosPlan
  let start: ContinuousClock.Instant
  let returned: Returned
  private var sandbox: SandboxClient { world.cluster.sandbox }

  init(
    _ shop: Shop, _ world: ChaosWorld, _ plan: ChaosPlan, _ start: ContinuousClock.Instant,
    _ returned: Returned
  ) {
    self.shop = shop
    self.world = world
    self.plan = plan
    self.start = start
    self.returned = returned
  }

  /// Until the plan is over and every parcel that is to come back has come back.
  func run() async throws {
    let place = UInt64(Shop.everyChannel.firstIndex { $0.channel == shop.channel } ?? 0)
    var random = SeededRandom(seed: plan.seed &* 31 &+ place)
    let end = start + .milliseconds(plan.milliseconds)
    try await withThrowingTaskGroup(of: Void.self) { group in
      var open: [ChaosOrder] = []
      while ContinuousClock.now < end {
        let choice = Int.random(in: 0..<100, using: &random)
        if choice < 22, shop.cancels, let index = open.indices.randomElement(using: &random) {
          try await cancel(open.remove(at: index), isWhole: choice < 14)
        } else if choice < 28, shop.edits, let order = open.randomElement(using: &random) {
          try await sandbox.addTo(order, shop, offer: 1)
        } else if let order = try await buy(&random) {
          // Parcels that come back are few: each takes many steps.
          if Int.random(in: 0..<7, using: &random) == 0 {
            group.addTask { try await comeBack(order) }
          } else {
            open.append(order)
          }
        }
        // Buyers come one after another, as long as the plan lasts.
        try await Task.sleep(for: .milliseconds(Int.random(in: 100...350, using: &random)))
      }
      try await group.waitForAll()
    }
  }

  private func buy(_ random: inout SeededRandom) async throws -> ChaosOrder? {
    var wishes = [(offer: Int, quantity: Int)]()
    let first = Int.random(in: 0..<ChaosGoods.offers.count, using: &random)
    for index in 0..<Int.random(in: 1...2, using: &random) {
      let offer = (first + index) % ChaosGoods.offers.count
      wishes.append((offer, Int.random(in: 1...2, using: &random)))
    }
    let isCounter = shop.channel == "square" && Bool.random(using: &random)
    return try await sandbox.place(shop, wishes, overTheCounter: isCounter)
  }

  private func cancel(_ order: ChaosOrder, isWhole: Bool) async throws {
    try await sandbox.cancel(order, shop, line: isWhole ? nil : order.lines.first)
  }

  // MARK: Parcels that come back

  private func comeBack(_ order: ChaosOrder) async throws {
    if !order.hasLeft { try await ship(order) }
    try await eventually("\(shop.channel) knows that \(order.name) has left", within: Self.wait) {
      try await sandbox.orders(shop.channel, id: order.orderID).first?.hasLeft == true ? () : nil
    }
    try await eventually("\(shop.channel) takes \(order.name) back", within: Self.wait) {
      try await sandbox.bringBack(order, shop) ? () : nil
    }
    await returned.add(order.name, order.open)
    if !shop.restocksByRefund { try await restock(order) }
  }

  /// A channel that was down is left alone for up to half a minute more.
  private static let wait = Duration.seconds(180)

  private func ship(_ order: ChaosOrder) async throws {
    let fulfilment = world.cluster.fulfilment
    try await eventually("\(order.name) in fulfilment", within: Self.wait) {
      (try? await fulfilment.getOrder(GetOrderRequest(orderID: order.name))) != nil ? () : nil
    }
    func done(_ what: String, _ call: () async throws(RPCError) -> Void) async throws {
      _ = try await world.answered("\(what) \(order.name)", call)
    }
    try await done("picking") { () throws(RPCError) in
      _ = try await fulfilment.pickOrder(PickOrderRequest(orderID: order.name))
    }
    try await done("packing") { () throws(RPCError) in
      _ = try await fulfilment.packOrder(PackOrderRequest(orderID: order.name))
    }
    try await done("shipping") { () throws(RPCError) in
      _ = try await fulfilment.shipOrder(
        ShipOrderRequest(orderID: order.name, trackingNumber: "T-1", carrier: "post"))
    }
  }

  private func restock(_ order: ChaosOrder) async throws {
    let returns = world.cluster.returns
    let created = try await eventually("a return of \(order.name)", within: Self.wait) {
      let request = ListReturnsRequest(orderID: order.name)
      return try? await returns.listReturns(request).returnOrders.first
    }
    _ = try await world.answered("the goods of \(order.name)") { () throws(RPCError) in
      try await returns.receiveReturn(
        ReceiveReturnRequest(returnID: created.returnID, locationID: ChaosGoods.location))
    }
    let lines = created.lines.map { line in
      LineInspection(
        lineID: line.lineID,
        disposals: [Disposal(disposition: .restock, quantity: line.quantity)])
    }
    _ = try await world.answered("the inspection of \(order.name)") { () throws(RPCError) in
      try await returns.inspectReturn(
        InspectReturnRequest(returnID: created.returnID, lines: lines))
    }
  }
}
