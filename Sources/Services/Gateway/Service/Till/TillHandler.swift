internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import PointOfSaleChannel
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// The API of our own channel, for tills and web shops: sales that have happened, and holds for
/// those that ask first.
struct TillHandler: Sendable {
  let directory: AccountDirectory
  let store: GatewayStore
  let intake: WorkScheduler
  let worker: IntakeWorker
  let pool: PoolServiceClient
  let wait: Duration
  let metrics: GatewayMetrics
  let lag: LagBook
  let log: Log

  var routes: [HTTPRoute] {
    [
      HTTPRoute("POST", "/till/v1/sales", maximumBodyBytes: GatewayLimits.tillBytes) { request in
        await answer(request) { account throws(ErrorAnswer) in try await sales(request, account) }
      },
      HTTPRoute("POST", "/till/v1/holds", maximumBodyBytes: GatewayLimits.hookBytes) { request in
        await answer(request) { account throws(ErrorAnswer) in try await hold(request, account) }
      },
      HTTPRoute("POST", "/till/v1/holds/*", maximumBodyBytes: GatewayLimits.hookBytes) { request in
        await answer(request) { account throws(ErrorAnswer) in try await change(request, account) }
      },
      HTTPRoute("GET", "/till/v1/holds/*", maximumBodyBytes: 0) { request in
        await answer(request) { account throws(ErrorAnswer) in try await getHold(request, account) }
      },
      HTTPRoute("GET", "/till/v1/stock", maximumBodyBytes: 0) { request in
        await answer(request) { account throws(ErrorAnswer) in try await stock(request, account) }
      },
    ]
  }

  private func answer(
    _ request: HTTPRequest,
    _ body: (ChannelAccount) async throws(ErrorAnswer) -> HTTPResponse
  ) async -> HTTPResponse {
    let start = monotonicNanoseconds()
    let response: HTTPResponse
    let label: String
    do throws(ErrorAnswer) {
      response = try await body(try await account(request))
      label = "accepted"
    } catch {
      response = error.response
      label = error.code.lowercased()
      log.info(
        "a till was refused",
        ["code": error.code, "reason": error.message, "peer": request.peer, "path": request.path])
    }
    let span = Duration.nanoseconds(monotonicNanoseconds() - start)
    metrics.hooks.increment([TillChannel.id.text, label])
    metrics.hookSeconds.observe(span, [TillChannel.id.text])
    return response
  }

  /// The account whose token the request shows.
  private func account(_ request: HTTPRequest) async throws(ErrorAnswer) -> ChannelAccount {
    for session in await directory.sessions(of: TillChannel.id) {
      let account = await session.connection.account
      if session.adapter.verify(request, account: account, hookURL: "") { return account }
    }
    throw ErrorAnswer(
      status: 401, code: "TOKEN_WRONG",
      message: "The header Authorization must be \"Bearer\" and the token of a till account.")
  }

  // MARK: Sales

  private func sales(
    _ request: HTTPRequest, _ account: ChannelAccount
  ) async throws(ErrorAnswer) -> HTTPResponse {
    let batch: PointOfSaleBatch
    do throws(EventRefusal) {
      try request.requireJSON()
      batch = try PointOfSaleBatch(body: request.body)
    } catch {
      throw ErrorAnswer(batch: error)
    }
    var results: [String: SaleResult] = [:]
    for rejection in batch.rejections {
      results[rejection.saleID] = .rejected(
        rejection.saleID, "SALE_MALFORMED", rejection.problem)
    }
    var taken: [PointOfSaleSale] = []
    var seen: Set<String> = []
    let bodies = Dictionary(grouping: batch.sales, by: \.saleID).mapValues {
      Set($0.map(\.event.body))
    }
    for sale in batch.sales
    where results[sale.saleID] == nil && seen.insert(sale.saleID).inserted {
      if bodies[sale.saleID, default: []].count > 1 {
        // Neither is taken: the answer goes by the ID, and the till must keep both.
        results[sale.saleID] = .rejected(
          sale.saleID, "SALE_ID_REUSED", "Two different sales of the batch have this sale_id.")
      } else if sale.storeID != account.externalID {
        results[sale.saleID] = .rejected(
          sale.saleID, "STORE_WRONG", "store_id \(sale.storeID) is not the account's store.")
      } else {
        taken.append(sale)
      }
    }
    let (stored, sequence) = try await keep(taken, batch.deviceID, account.accountID)
    for result in await take(stored, account.accountID) { results[result.saleID] = result }
    metrics.missingReceipts.set(
      Double(sequence.missingCount), [account.accountID.text, batch.deviceID])
    let order = batch.saleIDs
    return JSONAnswer.make(
      200,
      SalesAnswer(
        deviceID: batch.deviceID, batchID: batch.batchID,
        results: order.compactMap { results[$0] },
        missingSequences: sequence.missing.map {
          SalesAnswer.Gap(from: $0.lowerBound, to: $0.upperBound)
        }))
  }

  private typealias Kept = (sale: PointOfSaleSale, incoming: IncomingEvent, stored: StoredEvent)

  /// Stores a batch: from here on its sales are never lost, whether the pool is there or not.
  private func keep(
    _ sales: [PointOfSaleSale], _ device: String, _ accountID: AccountID
  ) async throws(ErrorAnswer) -> ([Kept], SequenceRecord) {
    let incoming = sales.map { sale in
      let order = sale.kind == .sale ? sale.saleID : sale.refundOf
      return IncomingEvent(
        accountID: accountID, event: sale.event,
        orderID: order.isEmpty ? "" : "\(accountID)/\(order)")
    }
    let numbers = sales.map(\.sequence).filter { $0 > 0 }
    let now = store.clock.now()
    do {
      try store.checkRoom()
      return try await store.write { transaction in
        let stored = try incoming.map { try transaction.receiveSale($0, now) }
        let sequence = try transaction.recordSequence(
          numbers, account: accountID, device: device)
        return (
          zip(sales, zip(incoming, stored)).map { ($0, $1.0, $1.1) }, sequence
        )
      }
    } catch {
      log.error("a till's batch could not be stored", ["account": accountID, "error": "\(error)"])
      throw ErrorAnswer(
        status: 503, code: "STORE_UNAVAILABLE",
        message: "Nothing of the batch was stored; keep it and send it again.")
    }
  }

  /// Has stored sales taken in at once, and waits for it as long as a till may wait.
  private func take(_ kept: [Kept], _ accountID: AccountID) async -> [SaleResult] {
    await withTaskGroup(of: SaleResult.self) { group in
      for entry in kept { group.addTask { await take(entry, accountID) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  private func take(_ kept: Kept, _ accountID: AccountID) async -> SaleResult {
    let (sale, incoming, stored) = kept
    guard stored.isSameBody else {
      return .rejected(
        sale.saleID, "SALE_ID_REUSED", "The sale_id is known with another content.")
    }
    switch stored.state {
    case .done, .quarantined: return .known(sale.saleID, isPending: false)
    case .dead: await reopen(stored.inboxID, incoming)
    case .waiting, .retrying: break
    }
    let outcome = await intake.submit(
      WorkScheduler.Job(id: stored.inboxID, accountID: accountID, key: incoming.key),
      waitingFor: wait)
    switch outcome {
    case .dead(let code, let message):
      return .rejected(sale.saleID, code, message)
    case .done(let oversoldCount):
      guard stored.isNew else { return .known(sale.saleID, isPending: false) }
      return .accepted(sale.saleID, oversoldCount: oversoldCount, isPending: false)
    case .quarantined, .later, nil:
      guard stored.isNew else { return .known(sale.saleID, isPending: true) }
      return .accepted(sale.saleID, oversoldCount: 0, isPending: true)
    }
  }

  /// A sale that was rejected is sent again: what was wrong may have been mended.
  private func reopen(_ inboxID: Int64, _ incoming: IncomingEvent) async {
    let now = store.clock.now()
    do {
      try await store.write { transaction in
        guard try transaction.reopen(inboxID) else { return }
        try transaction.resolve(
          .eventDead, about: incoming.event.key, account: incoming.accountID, now: now)
      }
    } catch {
      log.error("a sale could not be taken up again", ["event": inboxID, "error": "\(error)"])
    }
  }
}

extension ErrorAnswer {
  fileprivate init(batch refusal: EventRefusal) {
    switch refusal {
    case .contentType(let reason):
      self.init(status: 415, code: "CONTENT_TYPE_WRONG", message: reason)
    case .malformed(let reason):
      let first = String(reason.prefix { $0 != " " })
      let isPath = first.hasPrefix("sales") || first.hasSuffix("_id")
      self.init(
        status: 400, code: "BATCH_MALFORMED", message: reason, field: isPath ? first : "")
    }
  }
}

extension PointOfSaleBatch {
  /// In the order in which they came.
  fileprivate var saleIDs: [String] {
    var ids = sales.map(\.saleID)
    for rejection in rejections.sorted(by: { $0.index < $1.index }) {
      ids.insert(rejection.saleID, at: min(rejection.index, ids.count))
    }
    var seen: Set<String> = []
    return ids.filter { seen.insert($0).inserted }
  }
}
