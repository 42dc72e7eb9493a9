public import ChannelAdapter
internal import Primitives

private let cancelMutation = """
  mutation Cancel($id: ID!, $reason: OrderCancelReason!) {
    orderCancel(
      orderId: $id, reason: $reason, restock: false, notifyCustomer: true,
      refundMethod: { originalPaymentMethodsRefund: true }
    ) { orderCancelUserErrors { code field message } userErrors { field message } }
  }
  """

private let removeMutation = """
  mutation Remove($input: RefundInput!, $key: String!) {
    refundCreate(input: $input) @idempotent(key: $key) { userErrors { field message } }
  }
  """

private struct CancelVariables: Encodable {
  var id: String
  var reason: String

  init(id: String, _ cause: OrderCancellation.Cause) {
    self.id = id
    reason =
      switch cause {
      case .outOfStock: "INVENTORY"
      case .notCollected: "OTHER"
      }
  }
}

private struct RemoveVariables: Encodable {
  struct Input: Encodable {
    struct Line: Encodable {
      var lineItemId: String
      var quantity: Int64
      var restockType = "NO_RESTOCK"
    }
    var orderId: String
    var note = "out of stock"
    var notify = true
    var refundLineItems: [Line]
  }
  var input: Input
  var key: String
}

private struct Outcome: Decodable {
  struct Payload: Decodable {
    var orderCancelUserErrors: [ShopifyUserError]?
    var userErrors: [ShopifyUserError]?
  }
  var orderCancel: Payload?
  var refundCreate: Payload?
}

extension ShopifyAdapter: OrderCancelling {
  /// The whole order is cancelled and paid back; a part is taken off by a refund of units and of no money, which is paid back
  /// on Shopify's page. Neither restocks: the unit is not there, or the pool pushes it.
  public func cancelOrder(
    _ cancellation: OrderCancellation, api: ChannelAPI
  ) async throws(ChannelError) {
    let order = try await queriedOrder(cancellation.orderExternalID, api)
    switch order.state {
    case .cancelled: return
    case .shipped, .foreign: throw .refused("order \(order.externalID) has left or has no goods")
    case .open: break
    }
    let targets = try cancellation.targets(of: order.lines)
    let client = ShopifyClient(api: api)
    let id = ShopifyID.global("Order", order.externalID)
    let outcome: Outcome
    if order.lines.allSatisfy({ targets[$0.lineID] == $0.quantity }) {
      outcome = try await client.query(
        cancelMutation, CancelVariables(id: id, cancellation.cause), as: Outcome.self)
    } else {
      let lines = order.lines.compactMap { line -> RemoveVariables.Input.Line? in
        let units = (targets[line.lineID] ?? 0) - line.cancelledCount
        guard units > 0 else { return nil }
        return .init(lineItemId: ShopifyID.global("LineItem", line.lineID), quantity: units)
      }
      guard !lines.isEmpty else { return }
      // The same key for the same totals: a repeat brings the first answer.
      let said = targets.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      let key = ChannelSignature.derivedID("cancel \(id) \(said.joined(separator: " "))")
      outcome = try await client.query(
        removeMutation,
        RemoveVariables(input: .init(orderId: id, refundLineItems: lines), key: key),
        as: Outcome.self)
    }
    let payload = outcome.orderCancel ?? outcome.refundCreate
    let errors = (payload?.orderCancelUserErrors ?? []) + (payload?.userErrors ?? [])
    if let first = errors.first { throw .refused(first.text) }
  }
}
