internal import Foundation
internal import GatewayAPI
internal import PoolAPI
internal import RPCCore

/// What must hold after the flash sale, each with the figures that it stands on.
struct Proof: Sendable {
  struct Check: Sendable {
    var name: String
    var holds: Bool
    var figures: String
  }

  /// From the pool's commit to the channel's acknowledgement, 99 of 100.
  static let lagBound = Duration.milliseconds(100)
  /// From a webhook's first byte to its answer, 99 of 100.
  static let webhookBound = Duration.milliseconds(50)

  private(set) var checks: [Check] = []
  private var lag = GetLagResponse()
  private var summary: [(String, String)] = []

  var holds: Bool { checks.allSatisfy(\.holds) }

  init(
    world: DemoWorld, sku: String, units: Int64, accepted: [String: Int64], attempts: Int,
    isLevel: Bool, seconds: Double, settledSeconds: Double
  ) async throws {
    let total = try await world.peers.pool.getStock(GetStockRequest(sku: sku)).total ?? Balance()
    let movements = try await allPages { token in
      let page = try await world.peers.pool.listMovements(
        ListMovementsRequest(sku: sku, pageSize: 1000, pageToken: token))
      return (page.movements, page.nextPageToken)
    }
    lag = try await world.peers.gateway.getLag(GetLagRequest())
    let sold = total.committedCount + total.shippedCount
    let oversold = max(0, -total.availableCount)
    summary = [
      ("orders tried", "\(attempts) in \(String(format: "%.1f", seconds)) s"),
      ("units sold", "\(sold)"), ("oversold by channels that do not ask", "\(oversold)"),
      (
        "all channels level after the last order",
        String(format: "%.2f s", settledSeconds - seconds)
      ),
    ]
    checkBalance(total, units, sold)
    checkOrders(movements, accepted)
    checkTill(movements)
    let ledger = try await world.peers.pool.verifyLedger(
      VerifyLedgerRequest(), options: CallOptions(timeout: .seconds(120)))
    checks.append(
      Check(
        name: "the ledger proves every balance", holds: ledger.proved,
        figures: ledger.proved ? "\(ledger.movementCount) movements" : ledger.difference))
    let wanted = try await world.availability(sku)
    let shown = try await world.shown(sku)
    checks.append(
      Check(
        name: "every channel shows what it may", holds: isLevel,
        figures: shown.map { "\($0.channel) \($0.count)/\(wanted[$0.channel] ?? -1)" }
          .joined(separator: ", ")))
    checkLag()
  }

  private mutating func checkBalance(_ total: Balance, _ units: Int64, _ sold: Int64) {
    let left = total.availableCount
    checks.append(
      Check(
        name: "sold + left = received", holds: sold + left == units && total.heldCount == 0,
        figures: "\(sold) + \(left) = \(units)"))
  }

  /// Every unit that a channel accepted is in the ledger once, under that channel.
  private mutating func checkOrders(_ movements: [Movement], _ accepted: [String: Int64]) {
    var booked: [String: Int64] = [:]
    for movement in movements where movement.kind == .sold || movement.kind == .committed {
      booked[movement.channelID, default: 0] += movement.quantity
    }
    for movement in movements where movement.kind == .cancelled {
      booked[movement.channelID, default: 0] -= movement.quantity
    }
    let isEqual = DemoData.channels.allSatisfy {
      booked[$0, default: 0] == accepted[$0, default: 0]
    }
    checks.append(
      Check(
        name: "each accepted unit is booked once", holds: isEqual,
        figures: DemoData.channels.map {
          "\($0) \(accepted[$0, default: 0])/\(booked[$0, default: 0])"
        }.joined(separator: ", ")))
  }

  /// No hold was ever granted without stock behind it: seen by walking the ledger.
  private mutating func checkTill(_ movements: [Movement]) {
    var available: Int64 = 0
    var lowest: Int64 = .max
    for movement in movements {
      switch movement.kind {
      case .received, .found, .restocked, .cleared, .cancelled, .released, .expired:
        available += movement.quantity
      case .sold, .lost: available -= movement.quantity
      case .held:
        available -= movement.quantity
        lowest = min(lowest, available)
      default: break
      }
    }
    checks.append(
      Check(
        name: "oversold 0 where the channel asks first", holds: lowest >= 0,
        figures: lowest == .max ? "no hold was granted" : "lowest stock after a hold: \(lowest)"))
  }

  private mutating func checkLag() {
    let push = lag.total?.p99
    checks.append(
      Check(
        name: "99 of 100 pushes within \(Self.lagBound.milliseconds)",
        holds: push.map { $0 <= Self.lagBound } ?? false, figures: push?.milliseconds ?? "none"))
    let webhook = lag.webhook?.p99
    checks.append(
      Check(
        name: "99 of 100 webhooks answered within \(Self.webhookBound.milliseconds)",
        holds: webhook.map { $0 <= Self.webhookBound } ?? false,
        figures: webhook?.milliseconds ?? "none"))
  }

  func print() {
    Output.line()
    for (name, value) in summary { Output.line("\(name): \(value)") }
    Output.line(
      "\nlag, from the pool's commit to the channel's acknowledgement, since the gateway started")
    Output.table(LagTable.header, LagTable.rows(lag))
    Output.line("\nproof")
    for check in checks {
      Output.line("  \(check.holds ? "holds" : "FAILS")  \(check.name): \(check.figures)")
    }
    Output.line(holds ? "\nThe proof holds." : "\nThe proof does not hold.")
  }

  var json: String {
    let object: [String: Any] = [
      "holds": holds,
      "checks": checks.map { ["name": $0.name, "holds": $0.holds, "figures": $0.figures] },
      "summary": Dictionary(uniqueKeysWithValues: summary),
      "lag": LagTable.rows(lag),
    ]
    let data = try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys])
    return String(decoding: data ?? Data(), as: UTF8.self)
  }
}
