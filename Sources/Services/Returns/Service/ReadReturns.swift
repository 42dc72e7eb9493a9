internal import Kit
internal import Primitives
public import RPCCore
public import ReturnsAPI
internal import ReturnsDomain
internal import StorageCore

extension ReturnsHandler {
  public func getReturn(
    _ request: GetReturnRequest, context: ServerContext
  ) async throws -> GetReturnResponse {
    var check = RequestCheck()
    let id = check.identifier(ReturnID.self, request.returnID, "return_id")
    try check.finish()
    let stored = try await database.read(until: context.deadline) { try $0.returnOrder(id) }
    return GetReturnResponse(returnOrder: stored.message)
  }

  public func listReturns(
    _ request: ListReturnsRequest, context: ServerContext
  ) async throws -> ListReturnsResponse {
    var check = RequestCheck()
    let filter = ReturnFilter(
      account: check.optionalIdentifier(AccountID.self, request.accountID, "account_id"),
      order: check.optionalIdentifier(OrderID.self, request.orderID, "order_id"),
      state: ReturnsDomain.ReturnOrder.State(request.state))
    if filter.state == nil, request.state != .unspecified {
      check.refuse("state", "It is \(request.state.rawValue), which is no state of a return.")
    }
    try check.finish()
    let size = try PageSize.clamped(request.pageSize)
    // A NUL cannot be in a string of a request, so no two filters are written the same.
    let scope = [
      "ListReturns", request.accountID, request.orderID, "\(request.state.rawValue)",
    ].joined(separator: "\0")
    let after = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let position = try after.map { try $0.number(0) } ?? 0
    let found = try await database.read(until: context.deadline) {
      try $0.listedReturns(filter, after: position, limit: size + 1)
    }
    let messages = found.map(\.message)
    let fitting = Self.fittingCount(messages)
    let page = Page(found, size: min(size, fitting), scope: scope) { PageToken("\($0.position)") }
    return ListReturnsResponse(
      returnOrders: Array(messages.prefix(page.items.count)), nextPageToken: page.nextToken)
  }

  /// How many of these go into one page by their bytes; one does in any case.
  private static func fittingCount(_ messages: [ReturnsAPI.ReturnOrder]) -> Int {
    var bytes = 0
    for (index, message) in messages.enumerated() {
      bytes += message.serialized().count
      if bytes > ReturnsLimits.pageBytes { return max(1, index) }
    }
    return max(1, messages.count)
  }

  public func watchReturns(
    _ request: WatchReturnsRequest, responses: ResponseWriter<WatchReturnsResponse>,
    context: ServerContext
  ) async throws {
    var check = RequestCheck()
    check.integer(request.afterSequence, "after_sequence", in: 0...Int64.max)
    try check.finish()
    do {
      try await feed.follow(
        after: request.afterSequence, pageCount: ReturnsLimits.watchPageCount
      ) { [database, feed] after, limit in
        try await database.read(until: context.deadline) { transaction in
          let orders = try transaction.changedReturns(after: after, limit: limit)
          return FeedPage(
            items: orders.map { ($0.sequence, $0.message) },
            sequence: try transaction.sequence(of: feed.name))
        }
      } send: { order, sequence in
        try await responses.write(
          WatchReturnsResponse(returnOrder: order, sequence: sequence))
      }
    } catch let error as FeedSequenceUnknown {
      throw ReturnsError.sequenceUnknown(error.sequence)
    }
  }
}
