internal import GatewayAPI
internal import GatewayDomain
internal import Kit
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  func listCatchUps(
    _ request: ListCatchUpsRequest, context: ServerContext
  ) async throws -> ListCatchUpsResponse {
    let scope = "ListCatchUps"
    let size = try PageSize.clamped(request.pageSize)
    let token = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let found = try await store.catchUps(
      before: token.flatMap { Int64($0.parts[0]) } ?? .max, limit: size + 1)
    let page = Page(found.map { CatchUp($0) }, size: size, scope: scope) {
      PageToken("\($0.catchUpID)")
    }
    return ListCatchUpsResponse(catchUps: page.items, nextPageToken: page.nextToken)
  }

  func getCatchUp(
    _ request: GetCatchUpRequest, context: ServerContext
  ) async throws -> GetCatchUpResponse {
    var check = RequestCheck()
    check.integer(request.catchUpID, "catch_up_id", in: 1...Int64.max)
    try check.finish()
    guard let found = try await store.catchUp(request.catchUpID) else {
      throw GatewayError.catchUpUnknown(request.catchUpID)
    }
    return GetCatchUpResponse(catchUp: CatchUp(found))
  }
}

extension CatchUp {
  init(_ row: CatchUpRow) {
    self.init(
      catchUpID: row.catchUpID, startTime: row.startTime, beginTime: row.beginTime,
      finishTime: row.finishTime, accounts: row.verdict.accounts.map { Account($0) },
      oversold: row.verdict.oversold.map { Oversold($0) })
  }
}

extension CatchUp.Account {
  fileprivate init(_ account: CatchUpVerdict.Account) {
    self.init(
      accountID: account.accountID, wellTime: Timestamp(microseconds: account.wellTime),
      complete: account.isComplete, orderCount: account.orderCount, unitCount: account.unitCount,
      changeCount: account.changeCount, appliedCount: account.appliedCount)
  }
}

extension CatchUp.Oversold {
  fileprivate init(_ oversold: CatchUpVerdict.Oversold) {
    self.init(
      sku: oversold.sku, availableCount: oversold.availableCount,
      orders: oversold.orders.map { CatchUp.Order($0) })
  }
}

extension CatchUp.Order {
  fileprivate init(_ order: CatchUpVerdict.Order) {
    let account = order.orderID.prefix { $0 != "/" }
    let externalID = String(order.orderID.dropFirst(account.count + 1))
    self.init(
      orderID: order.orderID, accountID: String(account), externalID: externalID,
      oversoldCount: order.oversoldCount,
      takers: order.takers.map { CatchUp.Taker(orderID: $0.orderID, count: $0.count) },
      saveCount: order.saveCount, cancelCount: order.cancelCount,
      advice: Self.advice(order, externalID))
  }

  private static func advice(_ order: CatchUpVerdict.Order, _ externalID: String) -> String {
    var parts: [String] = []
    if order.saveCount > 0 {
      parts.append("Save \(order.saveCount) from what is kept back or has come in since.")
    }
    if order.cancelCount > 0 {
      parts.append("Cancel \(order.cancelCount) of order \(externalID) with its channel.")
    }
    return parts.joined(separator: " ")
  }
}
