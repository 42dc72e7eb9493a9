public import ChannelAdapter

struct SquareOrderAnswer: Decodable {
  var order: SquareOrder?
}

extension SquareAdapter {
  /// Events have no lines, so the order is always asked for.
  public func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    try await order(externalID, SquareClient(api: api))
      .channelOrder(at: api.account.externalID)
  }

  func order(_ id: String, _ client: SquareClient) async throws(ChannelError) -> SquareOrder {
    let answer = try await client.get(
      "orders/\(ChannelQuery.encode(id))", as: SquareOrderAnswer.self)
    guard let order = answer.order else { throw .malformed("the answer has no order") }
    guard order.id.text == id else { throw .malformed("order \(order.id) came instead of \(id)") }
    return order
  }
}
