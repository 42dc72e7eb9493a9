import FulfilmentAPI
import GatewayAPI
import PoolAPI
import Primitives
import ReturnsAPI

/// What must hold after a chaos run. Each check returns what is wrong, in words.
struct ChaosProof: Sendable {
  let world: ChaosWorld
  /// What buyers and the till have brought back, by order.
  let returned: [String: [String: Int64]]
  let till: ChaosTill.Book
  private var cluster: Cluster { world.cluster }

  /// Until nothing is wrong any more, and stays so.
  func holds(within limit: Duration = .seconds(120)) async throws {
    let deadline = Deadline.after(limit)
    var problems = ["nothing was looked at"]
    var looks = 0
    while !problems.isEmpty {
      if looks % 20 == 0 { await readAllBack() }
      looks += 1
      // Between two looks at other processes.
      try await Task.sleep(for: .milliseconds(250))
      problems = try await wrong()
      guard problems.isEmpty else {
        if deadline.isPast { throw ChaosFailure(problems: problems) }
        continue
      }
      // What was doubled or late might still come.
      try await Task.sleep(for: .seconds(1))
      problems = try await wrong()
    }
    problems = try await granted() + deadLetters() + ledger()
    if !problems.isEmpty { throw ChaosFailure(problems: problems) }
  }

  /// Every listing is compared with what it should show: that finds what was changed by hand.
  private func readAllBack() async {
    for shop in Shop.everyChannel {
      _ = try? await cluster.gateway.reconcileAccount(
        ReconcileAccountRequest(accountID: shop.accountID))
    }
  }

  private func wrong() async throws -> [String] {
    for name in Cluster.all where try !cluster.process(name).isRunning {
      throw ChaosFailure(problems: ["\(name) has ended by itself"])
    }
    let early = try await unfinished()
    guard early.isEmpty else { return early }
    return try await orders() + world.wrongNumbers() + alerts()
  }

  // MARK: What is on its way

  private func unfinished() async throws -> [String] {
    let backlog = try await cluster.gateway.getBacklog(GetBacklogRequest())
    let waiting = try await cluster.sandbox.waitingDeliveries()
    let counts = [
      ("events wait", backlog.inboxCount), ("pushes wait", backlog.pushCount),
      ("notices wait", backlog.noticeCount), ("events are quarantined", backlog.quarantinedCount),
      ("events are on their way", Int64(waiting)),
    ]
    return counts.filter { $0.1 != 0 }.map { "\($0.1) \($0.0)" }
  }

  // MARK: Each order once

  /// Units by SKU and order.
  private typealias Units = [String: [String: Int64]]

  private func orders() async throws -> [String] {
    var sold: Units = till.sold
    for order in try await cluster.sandbox.orders() { sold[order.name] = order.open }
    sold = sold.filter { !$0.value.isEmpty }
    let ledger = try await movements()
    return Self.differences("in fulfilment", sold, try await inFulfilment())
      + Self.differences("in the pool", sold, ledger.sold)
      + Self.differences("brought back", returned.merging(till.returned) { $1 }, ledger.returned)
      + Self.differences(
        "back on the shelf", returned.merging(till.restocked) { $1 }, ledger.restocked)
  }

  private static func differences(_ what: String, _ wanted: Units, _ found: Units) -> [String] {
    Set(wanted.keys).union(found.keys).sorted().compactMap { name in
      let (wanted, found) = (wanted[name] ?? [:], found[name] ?? [:])
      return wanted == found ? nil : "\(name) \(what): \(found) instead of \(wanted)"
    }
  }

  private func inFulfilment() async throws -> Units {
    var units: Units = [:]
    var token = ""
    repeat {
      let page = try await cluster.fulfilment.listOrders(
        ListOrdersRequest(pageSize: 1_000, pageToken: token))
      for order in page.orders {
        for line in order.lines where line.quantity > line.cancelledCount {
          units["\(order.accountID)/\(order.externalID)", default: [:]][line.sku, default: 0] +=
            line.quantity - line.cancelledCount
        }
      }
      token = page.nextPageToken
    } while !token.isEmpty
    return units
  }

  private struct Ledger {
    var sold: Units = [:]
    var returned: Units = [:]
    var restocked: Units = [:]
    /// Holds that took what was not there.
    var groundless: [String] = []
  }

  private func movements() async throws -> Ledger {
    var ledger = Ledger()
    var available: [String: Int64] = [:]
    var token = ""
    repeat {
      let page = try await cluster.pool.listMovements(
        ListMovementsRequest(pageSize: 1_000, pageToken: token))
      for movement in page.movements { Self.add(movement, to: &ledger, &available) }
      token = page.nextPageToken
    } while !token.isEmpty
    ledger.sold = ledger.sold.mapValues { $0.filter { $0.value != 0 } }.filter {
      !$0.value.isEmpty
    }
    return ledger
  }

  private static func add(
    _ movement: Movement, to ledger: inout Ledger, _ available: inout [String: Int64]
  ) {
    let (order, sku, count) = (movement.orderID, movement.sku, movement.quantity)
    switch movement.kind {
    case .received, .found, .released, .expired: available[sku, default: 0] += count
    case .lost: available[sku, default: 0] -= count
    case .held, .retaken:
      available[sku, default: 0] -= count
      let left = available[sku, default: 0]
      if left < 0 { ledger.groundless.append("\(movement.holdID) of \(count) \(sku): \(left)") }
      if movement.kind == .retaken { ledger.sold[order, default: [:]][sku, default: 0] += count }
    case .committed: ledger.sold[order, default: [:]][sku, default: 0] += count
    case .sold:
      available[sku, default: 0] -= count
      ledger.sold[order, default: [:]][sku, default: 0] += count
    case .cancelled:
      available[sku, default: 0] += count
      ledger.sold[order, default: [:]][sku, default: 0] -= count
    case .restocked:
      available[sku, default: 0] += count
      ledger.restocked[order, default: [:]][sku, default: 0] += count
      ledger.returned[order, default: [:]][sku, default: 0] += count
    case .quarantined, .writtenOff: ledger.returned[order, default: [:]][sku, default: 0] += count
    default: break
    }
  }

  // MARK: Nothing given up, nothing granted for nothing

  private func granted() async throws -> [String] {
    try await movements().groundless.map { "a hold was granted without stock: \($0)" }
  }

  private func ledger() async throws -> [String] {
    let ledger = try await cluster.pool.verifyLedger(VerifyLedgerRequest())
    return ledger.proved ? [] : ["the ledger does not prove: \(ledger.difference)"]
  }

  private func deadLetters() async throws -> [String] {
    let events = try await cluster.gateway.listInboxEvents(
      ListInboxEventsRequest(state: .dead, pageSize: 100)
    ).events.map { "event \($0.kind) \($0.eventKey) of \($0.accountID) is dead: \($0.lastError)" }
    let pushes = try await cluster.gateway.listListingPushes(
      ListListingPushesRequest(pageSize: 100, deadOnly: true)
    ).pushes.map { "the push of \($0.listingID) is dead: \($0.lastError)" }
    return events + pushes
  }

  /// Alerts that outlast their causes, for no reason that is named here.
  private func alerts() async throws -> [String] {
    let outlasting: Set<String> = [
      // A person decides about the order and ends it.
      "OVERSOLD",
      // It ends with the next look at the channel's webhooks, ten minutes later.
      "WEBHOOK_DISABLED",
    ]
    let open = try await cluster.gateway.listAlerts(ListAlertsRequest(pageSize: 1000)).alerts
    return open.filter { !outlasting.contains($0.kind) }
      .map { "alert \($0.kind) of \($0.subject): \($0.message)" }
  }
}

/// What does not hold.
struct ChaosFailure: Error, CustomStringConvertible {
  var problems: [String]

  var description: String { problems.prefix(40).joined(separator: "\n") }
}
