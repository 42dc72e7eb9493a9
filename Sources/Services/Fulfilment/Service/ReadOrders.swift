public import FulfilmentAPI
internal import FulfilmentDomain
internal import Kit
internal import Primitives
public import RPCCore
internal import StorageCore

extension FulfilmentHandler {
  public func getOrder(
    _ request: GetOrderRequest, context: ServerContext
  ) async throws -> GetOrderResponse {
    var check = RequestCheck()
    let id = check.identifier(OrderID.self, request.orderID, "order_id")
    try check.finish()
    let stored = try await database.read(until: context.deadline) { try $0.order(id) }
    return GetOrderResponse(order: stored.message)
  }

  public func listOrders(
    _ request: ListOrdersRequest, context: ServerContext
  ) async throws -> ListOrdersResponse {
    var check = RequestCheck()
    let account = check.optionalIdentifier(AccountID.self, request.accountID, "account_id")
    let state = FulfilmentDomain.Order.State(request.state)
    if state == nil, request.state != .unspecified {
      check.refuse("state", "It is \(request.state.rawValue), which is no state of an order.")
    }
    try check.finish()
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListOrders/\(request.accountID)/\(request.state.rawValue)"
    let after = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let position = try after.map { try $0.number(0) } ?? 0
    let found = try await database.read(until: context.deadline) {
      try $0.listedOrders(of: account, in: state, after: position, limit: size + 1)
    }
    let messages = found.map(\.message)
    let fitting = Self.fittingCount(messages)
    let page = Page(found, size: min(size, fitting), scope: scope) { PageToken("\($0.position)") }
    return ListOrdersResponse(
      orders: Array(messages.prefix(page.items.count)), nextPageToken: page.nextToken)
  }

  /// How many of these go into one page by their bytes; one does in any case.
  private static func fittingCount(_ messages: [FulfilmentAPI.Order]) -> Int {
    var bytes = 0
    for (index, message) in messages.enumerated() {
      bytes += message.serialized().count
      if bytes > FulfilmentLimits.pageBytes { return max(1, index) }
    }
    return max(1, messages.count)
  }

  public func watchOrders(
    _ request: WatchOrdersRequest, responses: ResponseWriter<WatchOrdersResponse>,
    context: ServerContext
  ) async throws {
    var check = RequestCheck()
    check.integer(request.afterSequence, "after_sequence", in: 0...Int64.max)
    try check.finish()
    do {
      try await feed.follow(
        after: request.afterSequence, pageCount: FulfilmentLimits.watchPageCount
      ) { [database, feed] after, limit in
        try await database.read(until: context.deadline) { transaction in
          let orders = try transaction.changedOrders(after: after, limit: limit)
          return FeedPage(
            items: orders.map { ($0.sequence, $0.message) },
            sequence: try transaction.sequence(of: feed.name))
        }
      } send: { order, sequence in
        try await responses.write(WatchOrdersResponse(order: order, sequence: sequence))
      }
    } catch let error as FeedSequenceUnknown {
      throw FulfilmentError.sequenceUnknown(error.sequence)
    }
  }
}

extension FulfilmentDomain.Order.State {
  init?(_ state: FulfilmentAPI.Order.State) {
    switch state {
    case .pending: self = .pending
    case .picked: self = .picked
    case .packed: self = .packed
    case .ready: self = .ready
    case .shipped: self = .shipped
    case .cancelled: self = .cancelled
    case .unspecified, .unrecognized: return nil
    }
  }
}
