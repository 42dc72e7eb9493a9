internal import Foundation
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// What an operator asks the pool.
enum StockCommands {
  static let all = [stock, movements, receive, adjust, watch, verify]

  static let stock = Command(
    name: "stock", usage: "[SKU]", summary: "balances of a SKU, or of everything"
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let balances: [Balance]
    var notes: [String] = []
    if let sku = arguments.positions.first {
      let stock = try await peers.pool.getStock(GetStockRequest(sku: sku))
      balances = stock.balances
      notes = stock.incoming.map {
        "incoming: \($0.quantity) to \($0.locationID) with \($0.documentID), expected \($0.expectTime.text)"
      }
      notes += stock.lots.map {
        "lot \($0.lotID) at \($0.locationID): \($0.onHandCount), expires \($0.expireTime.text)"
      }
    } else {
      balances = try await allPages { token in
        let page = try await peers.pool.listBalances(
          ListBalancesRequest(pageSize: 1000, pageToken: token))
        return (page.balances, page.nextPageToken)
      }
    }
    Output.table(
      ["SKU", "location", "on hand", "held", "committed", "unavailable", "available"],
      balances.map {
        [
          $0.sku, $0.locationID, "\($0.onHandCount)", "\($0.heldCount)", "\($0.committedCount)",
          "\($0.unavailableCount)", "\($0.availableCount)",
        ]
      })
    for note in notes { Output.line(note) }
    return 0
  }

  static let movements = Command(
    name: "movements", usage: "SKU", summary: "the ledger of a SKU"
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let sku = try arguments.word(0, "SKU")
    let rows = try await allPages { token in
      let page = try await peers.pool.listMovements(
        ListMovementsRequest(sku: sku, pageSize: 1000, pageToken: token))
      return (page.movements, page.nextPageToken)
    }
    Output.table(
      ["sequence", "time", "kind", "location", "units", "order", "channel", "reason"],
      rows.map {
        [
          "\($0.sequence)", $0.commitTime.text, "\($0.kind)", $0.locationID, "\($0.quantity)",
          $0.orderID, $0.channelID, $0.reason,
        ]
      })
    return 0
  }

  static let receive = Command(
    name: "receive", usage: "SKU LOCATION UNITS [--cause TEXT] [--lot ID [--days N]]",
    summary: "takes goods in; a lot's units expire after so many days",
    options: ["cause": "", "lot": "", "days": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let line = StockLine(
      sku: try arguments.word(0, "SKU"), locationID: try arguments.word(1, "LOCATION"),
      quantity: try arguments.number(2, "UNITS"), lotID: arguments.option("lot"),
      lotExpireTime: try InboundCommands.expectTime(arguments))
    let answer = try await peers.pool.receiveStock(
      ReceiveStockRequest(
        lines: [line], cause: arguments.option("cause"), actor: "operator",
        requestID: UUID().uuidString))
    for balance in answer.balances {
      Output.line("\(balance.sku) at \(balance.locationID): \(balance.availableCount) available")
    }
    return 0
  }

  private static let reasons: [String: AdjustmentReason] = [
    "damaged": .damaged, "stolen": .stolen, "expired": .expired, "lost": .lost, "found": .found,
    "sample": .sample, "own_use": .ownUse, "supplier_error": .supplierError,
    "count_correction": .countCorrection, "data_correction": .dataCorrection,
  ]

  static let adjust = Command(
    name: "adjust",
    usage: "SKU LOCATION ±UNITS REASON [--note TEXT] [--actor NAME] [--lot ID [--days N]]",
    summary:
      "corrects stock: damaged, stolen, expired, lost, found, own_use … or a reason of your own",
    options: ["note": "", "actor": "operator", "lot": "", "days": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let line = AdjustmentLine(
      sku: try arguments.word(0, "SKU"), locationID: try arguments.word(1, "LOCATION"),
      deltaCount: try arguments.number(2, "UNITS"), lotID: arguments.option("lot"),
      lotExpireTime: try InboundCommands.expectTime(arguments))
    let reason = try arguments.word(3, "REASON")
    let named = reasons[reason]
    let answer = try await peers.pool.adjustStock(
      AdjustStockRequest(
        lines: [line], reason: named == nil ? reason : "", actor: arguments.option("actor"),
        requestID: UUID().uuidString, reasonCode: named ?? .unspecified,
        note: arguments.option("note")))
    for balance in answer.balances {
      Output.line("\(balance.sku) at \(balance.locationID): \(balance.availableCount) available")
    }
    return 0
  }

  static let watch = Command(
    name: "watch", usage: "CHANNEL …", summary: "every change of what channels may show"
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    _ = try arguments.word(0, "CHANNEL")
    var sequence: Int64 = 0
    while true {
      do {
        let changes = peers.pool.watchAvailability(
          WatchAvailabilityRequest(channelIDs: arguments.positions, afterSequence: sequence))
        for try await change in changes {
          sequence = max(sequence, change.sequence)
          guard !change.sku.isEmpty else { continue }
          let numbers = change.channels.map { "\($0.channelID) \($0.availableToSellCount)" }
          Output.line("\(change.sequence)  \(change.sku)  \(numbers.joined(separator: "  "))")
        }
      } catch let error as RPCError where error.code == .unavailable {
        Output.failure("\(error); trying again after sequence \(sequence)")
        try await Task.sleep(for: .seconds(1))
      }
    }
  }

  static let verify = Command(
    name: "verify", usage: "",
    summary: "recomputes every balance from the ledger; status 2 when one differs"
  ) { _ in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.pool.verifyLedger(
      VerifyLedgerRequest(), options: CallOptions(timeout: .seconds(600)))
    Output.line(
      "\(answer.movementCount) movements, \(answer.balanceCount) balances, up to sequence \(answer.sequence): "
        + (answer.proved ? "proved" : answer.difference))
    return answer.proved ? 0 : 2
  }
}
