internal import Foundation
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// What an operator asks the pool.
enum StockCommands {
  static let all = [skus, sku, stock, movements, receive, adjust, watch]

  static let skus = Command(
    name: "skus", usage: "", summary: "the SKUs that the pool knows, in stock or not"
  ) { _ in
    let peers = try Peers.fromEnvironment()
    let rows = try await allPages { token in
      let page = try await peers.pool.listSkus(ListSkusRequest(pageSize: 1000, pageToken: token))
      return (page.skus, page.nextPageToken)
    }
    show(rows)
    return 0
  }

  static let sku = Command(
    name: "sku", usage: "SKU [--display-name NAME] [--group GROUP|none]",
    summary: "adds a SKU, or changes what is given of one", wordLimit: 1,
    options: ["display-name": "", "group": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    var sku = Sku(sku: try arguments.word(0, "SKU"))
    do {
      sku = try await peers.pool.getSku(GetSkuRequest(sku: sku.sku)).sku ?? sku
    } catch let error as RPCError where error.code == .notFound {
      // It is a new one.
    }
    let name = arguments.option("display-name")
    if !name.isEmpty { sku.displayName = name }
    let group = arguments.option("group")
    if !group.isEmpty { sku.skuGroup = group == "none" ? "" : group }
    let set = try await peers.pool.setSku(SetSkuRequest(sku: sku, requestID: UUID().uuidString))
    show([set.sku ?? sku])
    return 0
  }

  static func show(_ skus: [Sku]) {
    Output.table(["SKU", "name", "group"], skus.map { [$0.sku, $0.displayName, $0.skuGroup] })
  }

  static let stock = Command(
    name: "stock", usage: "[SKU]", summary: "balances of a SKU, or of everything", wordLimit: 1
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
    name: "movements", usage: "SKU", summary: "the ledger of a SKU", wordLimit: 1
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let sku = try arguments.word(0, "SKU")
    let rows = try await allPages { token in
      let page = try await peers.pool.listMovements(
        ListMovementsRequest(sku: sku, pageSize: 1000, pageToken: token))
      return (page.movements, page.nextPageToken)
    }
    // A list of nothing is of a SKU that never moved, or of none.
    if rows.isEmpty { _ = try await peers.pool.getSku(GetSkuRequest(sku: sku)) }
    Output.table(
      ["sequence", "time", "kind", "location", "units", "order", "channel", "reason"],
      rows.map {
        [
          "\($0.sequence)", $0.commitTime.text, words($0.kind), $0.locationID, "\($0.quantity)",
          $0.orderID, $0.channelID, $0.reason,
        ]
      })
    return 0
  }

  static let receive = Command(
    name: "receive",
    usage: "SKU LOCATION UNITS [--cause TEXT] [--lot ID [--expires TIME|--days N]]",
    summary: "takes goods in, as a lot that expires or without one", details: expiry, wordLimit: 3,
    options: ["cause": "", "lot": "", "expires": "", "days": ""]
  ) { arguments in
    let line = StockLine(
      sku: try arguments.word(0, "SKU"), locationID: try arguments.word(1, "LOCATION"),
      quantity: try arguments.number(2, "UNITS"), lotID: arguments.option("lot"),
      lotExpireTime: try expireTime(arguments, now: SystemClock().now()))
    let answer = try await Peers.fromEnvironment().pool.receiveStock(
      ReceiveStockRequest(
        lines: [line], cause: arguments.option("cause"), actor: "operator",
        requestID: UUID().uuidString))
    for balance in answer.balances {
      Output.line("\(balance.sku) at \(balance.locationID): \(balance.availableCount) available")
    }
    return 0
  }

  private static let expiry = """
    Units of a lot expire at --expires, 2026-12-01T00:00:00Z, or --days days from now, at the start (UTC) of the day; without
    either as units of it that are there do, else never.
    """

  /// When a lot's units expire. Days end at midnight, so that what comes twice in a day has the same expiry.
  static func expireTime(_ arguments: Arguments, now: Timestamp) throws(UsageError) -> Timestamp? {
    let time = try arguments.time(option: "expires")
    guard !arguments.option("days").isEmpty else { return time }
    guard time == nil else { throw UsageError("--expires and --days exclude each other") }
    let days = Int64(try arguments.number(option: "days", in: 1...3650))
    return Timestamp(seconds: (now.seconds / 86_400 + days) * 86_400)
  }

  private static let reasons: [String: AdjustmentReason] = [
    "damaged": .damaged, "stolen": .stolen, "expired": .expired, "lost": .lost, "found": .found,
    "sample": .sample, "own_use": .ownUse, "supplier_error": .supplierError,
    "count_correction": .countCorrection, "data_correction": .dataCorrection,
  ]

  /// The named reason; nil for one of the caller's own, which is not a named one mistyped.
  static func reason(_ text: String) throws(UsageError) -> AdjustmentReason? {
    if let named = reasons[text] { return named }
    if let meant = Suggestion.nearest(text, among: Array(reasons.keys)) {
      throw UsageError("REASON is \(text), did you mean \(meant)?")
    }
    return nil
  }

  static let adjust = Command(
    name: "adjust",
    usage:
      "SKU LOCATION ±UNITS REASON [--note TEXT] [--actor NAME] [--lot ID [--expires TIME|--days N]]",
    summary: "corrects stock, by a reason",
    details: """
      UNITS are more or fewer: 3, -3. REASON is damaged, stolen, expired, lost, sample or own_use for fewer, found for
      more, supplier_error, count_correction or data_correction for either, or a word of your own.
      """, wordLimit: 4,
    options: ["note": "", "actor": "operator", "lot": "", "expires": "", "days": ""]
  ) { arguments in
    let line = AdjustmentLine(
      sku: try arguments.word(0, "SKU"), locationID: try arguments.word(1, "LOCATION"),
      deltaCount: try arguments.number(2, "UNITS"), lotID: arguments.option("lot"),
      lotExpireTime: try expireTime(arguments, now: SystemClock().now()))
    let reason = try arguments.word(3, "REASON")
    let named = try Self.reason(reason)
    let answer = try await Peers.fromEnvironment().pool.adjustStock(
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
    name: "watch", usage: "CHANNEL …", summary: "every change of what channels may show",
    wordLimit: nil
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    _ = try arguments.word(0, "CHANNEL")
    try await KnownChannels.check(arguments.positions, peers)
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
}
