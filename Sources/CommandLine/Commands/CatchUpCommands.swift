internal import Foundation
internal import GatewayAPI
internal import RPCCore

/// What an operator asks after downtime.
enum CatchUpCommands {
  static let all = [catchUps, cancelOrder]

  static let catchUps = Command(
    name: "catch-ups", usage: "[NUMBER]",
    summary: "what downtimes have cost; with NUMBER what was missed, who oversold whom, what to do",
    wordLimit: 1
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    guard arguments.positions.isEmpty else {
      let request = GetCatchUpRequest(catchUpID: try arguments.number(0, "NUMBER"))
      if let found = try await peers.gateway.getCatchUp(request).catchUp { tell(found) }
      return 0
    }
    let rows = try await allPages { token in
      let page = try await peers.gateway.listCatchUps(
        ListCatchUpsRequest(pageSize: 50, pageToken: token))
      return (page.catchUps, page.nextPageToken)
    }
    Output.table(
      ["number", "since", "until", "orders", "units", "oversold SKUs", "to cancel"],
      rows.map { found in
        let orders = found.oversold.flatMap(\.orders)
        return [
          "\(found.catchUpID)", found.startTime.text, found.finishTime.text,
          "\(found.accounts.reduce(0) { $0 + $1.orderCount })",
          "\(found.accounts.reduce(0) { $0 + $1.unitCount })", "\(found.oversold.count)",
          "\(orders.reduce(0) { $0 + $1.cancelCount })",
        ]
      })
    return 0
  }

  /// One catch-up, whole.
  static func tell(_ found: CatchUp) {
    Output.table(
      ["account", "well until", "asked", "orders", "units", "changes", "applied"],
      found.accounts.map {
        [
          $0.accountID, $0.wellTime.text, $0.complete ? "yes" : "no", "\($0.orderCount)",
          "\($0.unitCount)", "\($0.changeCount)", "\($0.appliedCount)",
        ]
      })
    guard !found.oversold.isEmpty else { return Output.line("nothing was oversold") }
    Output.table(
      ["SKU", "left", "order", "oversold", "taken before by", "to do"],
      found.oversold.flatMap { oversold in
        oversold.orders.map { order in
          let takers = order.takers.map { "\($0.orderID)×\($0.count)" }
          return [
            oversold.sku, "\(oversold.availableCount)", order.orderID, "\(order.oversoldCount)",
            takers.joined(separator: " "), order.advice,
          ]
        }
      })
  }

  static let cancelOrder = Command(
    name: "cancel-order", usage: "ACCOUNT ORDER [--line LINE --count UNITS]",
    summary: "cancels an order, or units of a line, with its channel; ORDER is the channel's ID",
    wordLimit: 2, options: ["line": "", "count": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    var request = CancelChannelOrderRequest(
      accountID: try arguments.word(0, "ACCOUNT"), externalID: try arguments.word(1, "ORDER"),
      requestID: UUID().uuidString)
    let line = arguments.option("line")
    // A count without its line would cancel the whole order.
    guard !line.isEmpty || arguments.option("count").isEmpty else {
      throw UsageError("--count wants --line")
    }
    if !line.isEmpty {
      guard let count = Int64(arguments.option("count")), count > 0 else {
        throw UsageError("--line wants --count, from 1")
      }
      request.lines = [CancelledUnits(lineID: line, count: count)]
    }
    // The gateway waits for the account's turn to call, for a minute at most.
    _ = try await peers.gateway.cancelChannelOrder(
      request, options: CallOptions(timeout: .seconds(90)))
    Output.line("cancelled with the channel")
    return 0
  }
}
