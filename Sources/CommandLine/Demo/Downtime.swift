internal import Foundation
internal import GatewayAPI
internal import PoolAPI
internal import Primitives
internal import RPCCore
internal import Synchronization

/// Ten minutes in which nobody listened: the gateway is stopped, four channels sell, and none of their events ever arrives. Then
/// the gateway starts, its cursors replay, and a verdict says what it has cost.
@MainActor
struct Downtime {
  /// How far back the sales are spread.
  private static let minutes = 10
  /// Channels' clocks tick in seconds, and orders of one moment are placed side by side.
  private static let toleranceSeconds = 5
  /// Buyers at work at the same time.
  private static let concurrency = 24
  private static let channels = ["shopee", "lazada", "shopify", "tiktok"]
  private static let accounts = channels.compactMap(DemoData.account(on:))

  let world: DemoWorld
  let supervisor: Supervisor
  /// Orders that are missed.
  let orders: Int
  let isQuiet: Bool

  /// A sale that nobody heard of.
  private struct Missed: Sendable {
    var orderID: String
    /// How long before the gateway came back.
    var secondsAgo: Int
  }

  /// - Returns: what must hold, with the figures that it stands on; nothing when the gateway was not started here.
  func run() async throws -> [Proof.Check] {
    let units = Int64(orders) * 9 / 10
    let sku = "DOWN-\(UInt32(Date().timeIntervalSince1970))"
    let listings = try await offer(sku, units)
    let earlier = try await newest()?.catchUpID ?? 0
    guard await supervisor.stop("gateway") else { return [] }
    try await drop(true)
    say(
      "\nDowntime: the gateway is stopped, and no event will ever come. Over \(Self.minutes) minutes "
        + "\(orders) orders are placed on \(Self.channels.count) channels; there are \(units) units of \(sku)."
    )
    let missed = try await sell(listings)
    try await drop(false)
    try await supervisor.start()
    let begun = Date()
    let verdict = try await verdict(after: earlier)
    say(
      String(
        format: "The gateway is back, and its verdict is given after %.1f s.",
        -begun.timeIntervalSinceNow))
    var checks = try await prove(missed, verdict, sku, units)
    if !isQuiet { CatchUpCommands.tell(shortened(verdict)) }
    checks.append(try await cancel(verdict, listings, sku, units))
    return checks
  }

  // MARK: What is sold

  /// A fresh SKU, listed and shown on all four channels.
  private func offer(_ sku: String, _ units: Int64) async throws -> [SandboxControl.Shown] {
    let peers = world.peers
    _ = try await peers.pool.setSku(SetSkuRequest(sku: Sku(sku: sku)))
    _ = try await peers.pool.setBuffer(
      SetBufferRequest(buffer: Buffer(sku: sku, margin: .unitCount(0))))
    for (position, channel) in Self.channels.enumerated() {
      let number =
        100_000_000 * (position + 1) + Int(UInt32(Date().timeIntervalSince1970) % 100_000_000)
      try await world.sandbox.list(channel, number: number, sku: sku, title: "Sold unheard of")
      _ = try await peers.gateway.importListings(
        ImportListingsRequest(accountID: Self.accounts[position]),
        options: CallOptions(timeout: .seconds(30)))
    }
    _ = try await peers.pool.receiveStock(
      ReceiveStockRequest(
        lines: [StockLine(sku: sku, locationID: DemoData.warehouse, quantity: units)],
        cause: "downtime", actor: "demo"))
    try await until("all four channels show the units") {
      let shown = try await world.shown(sku)
      return shown.count == Self.channels.count && shown.allSatisfy { $0.count == units }
    }
    return try await world.shown(sku)
  }

  private func drop(_ isOn: Bool) async throws {
    for channel in Self.channels { try await world.sandbox.drop(channel, isOn) }
  }

  /// Orders at even distances over the time, each channel in its turn.
  private func sell(_ listings: [SandboxControl.Shown]) async throws -> [Missed] {
    let (sandbox, count) = (world.sandbox, orders)
    let listings = listings.sorted { $0.channel < $1.channel }
    return try await withThrowingTaskGroup(of: Missed?.self) { group in
      var missed: [Missed] = []
      for number in 0..<count {
        if number >= Self.concurrency, let one = try await group.next() ?? nil {
          missed.append(one)
        }
        let listing = listings[number % listings.count]
        let ago = Self.minutes * 60 * (count - number) / count
        group.addTask {
          guard let order = try await sandbox.order(listing, quantity: 1, secondsAgo: ago) else {
            return nil
          }
          let account = Self.account(of: listing.channel)
          return Missed(orderID: "\(account)/\(order)", secondsAgo: ago)
        }
      }
      for try await one in group { if let one { missed.append(one) } }
      return missed
    }
  }

  nonisolated private static func account(of channel: String) -> String {
    switch channel {
    case "shopee": "shopee-sg"
    case "lazada": "lazada-sg"
    case "shopify": "web-shop"
    default: "tiktok-sg"
    }
  }

  // MARK: What it has cost

  private func newest() async throws -> CatchUp? {
    try await world.peers.gateway.listCatchUps(ListCatchUpsRequest(pageSize: 1)).catchUps.first
  }

  private func verdict(after earlier: Int64) async throws -> CatchUp {
    var found: CatchUp?
    try await until("the verdict") {
      found = try await newest()
      return (found?.catchUpID ?? 0) > earlier
    }
    return found ?? CatchUp()
  }

  private func prove(
    _ missed: [Missed], _ verdict: CatchUp, _ sku: String, _ units: Int64
  ) async throws -> [Proof.Check] {
    let found = verdict.accounts.reduce(0) { $0 + $1.orderCount }
    let applied = verdict.accounts.reduce(0) { $0 + $1.appliedCount }
    let changes = verdict.accounts.reduce(0) { $0 + $1.changeCount }
    let stock = try await world.peers.pool.getStock(GetStockRequest(sku: sku)).total ?? Balance()
    let oversold = verdict.oversold.filter { $0.sku == sku }.flatMap(\.orders)
    let lacking = oversold.reduce(0) { $0 + $1.cancelCount }
    let named = Set(oversold.map(\.orderID))
    let served = missed.filter { !named.contains($0.orderID) }.map(\.secondsAgo).min() ?? 0
    let last = missed.filter { named.contains($0.orderID) }.map(\.secondsAgo).max() ?? 0
    let blamed = oversold.filter { !$0.takers.isEmpty }.count
    return [
      Proof.Check(
        name: "each missed order is found", holds: found == missed.count && applied == changes,
        figures: "\(found) of \(missed.count), \(applied) of \(changes) changes applied"),
      Proof.Check(
        name: "each missed order is booked once", holds: stock.committedCount == missed.count,
        figures: "\(stock.committedCount) units of \(missed.count)"),
      Proof.Check(
        name: "the verdict names each order that lacks its unit",
        holds: lacking == Int64(missed.count) - units && blamed == oversold.count,
        figures: "\(lacking) to cancel, \(blamed) with who had the unit"),
      Proof.Check(
        name: "who bought first has the unit", holds: served + Self.toleranceSeconds >= last,
        figures: "the last served bought \(served) s before the end, the first oversold \(last) s",
        isTimed: true),
    ]
  }

  /// Does what the verdict advises: then nothing is missing, and no channel shows any.
  private func cancel(
    _ verdict: CatchUp, _ listings: [SandboxControl.Shown], _ sku: String, _ units: Int64
  ) async throws -> Proof.Check {
    let orders = verdict.oversold.filter { $0.sku == sku }.flatMap(\.orders)
    for order in orders where order.cancelCount > 0 {
      _ = try await world.peers.gateway.cancelChannelOrder(
        CancelChannelOrderRequest(
          accountID: order.accountID, externalID: order.externalID, requestID: UUID().uuidString))
    }
    var figures = ""
    let holds = try await holds {
      let stock = try await world.peers.pool.getStock(GetStockRequest(sku: sku)).total ?? Balance()
      let shown = try await world.shown(sku)
      figures =
        "\(orders.count) cancelled, \(stock.availableCount) left, shown: "
        + shown.map { "\($0.channel) \($0.count)" }.joined(separator: ", ")
      return stock.availableCount == 0 && stock.committedCount == units
        && shown.allSatisfy { $0.count == 0 }
    }
    return Proof.Check(
      name: "with those cancelled nothing is missing", holds: holds, figures: figures)
  }

  /// Some of the oversold orders, for people.
  private func shortened(_ verdict: CatchUp) -> CatchUp {
    var short = verdict
    for place in short.oversold.indices {
      short.oversold[place].orders = Array(short.oversold[place].orders.prefix(5))
    }
    return short
  }

  private func until(_ what: String, _ condition: () async throws -> Bool) async throws {
    guard try await holds(condition) else { throw Failure("not so after 120 s: \(what)") }
  }

  private func holds(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = Date(timeIntervalSinceNow: 120)
    while Date() < deadline {
      if try await condition() { return true }
      try await Task.sleep(for: .milliseconds(20))
    }
    return false
  }

  private func say(_ text: String) {
    if !isQuiet { Output.line(text) }
  }
}
