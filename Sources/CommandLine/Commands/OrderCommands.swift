internal import Foundation
internal import FulfilmentAPI
internal import ReturnsAPI

/// What an operator asks fulfilment and returns.
enum OrderCommands {
  static let all = [
    orders, ship, PickupCommands.ready, PickupCommands.collect, returns, receiveReturn, restock,
  ]

  static let orders = Command(
    name: "orders", usage: "[--account ACCOUNT] [--state STATE]",
    summary:
      "orders of all channels; STATE is pending, picked, packed, ready, shipped or cancelled",
    options: ["account": "", "state": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let states = Order.State.allCases.filter { $0 != .unspecified }
    let state: Order.State =
      arguments.option("state").isEmpty
      ? .unspecified : try arguments.choice(option: "state", states.map { (words($0), $0) })
    let rows = try await allPages { token in
      let page = try await peers.fulfilment.listOrders(
        ListOrdersRequest(
          accountID: arguments.option("account"), state: state, pageSize: 1000,
          pageToken: token))
      return (page.orders, page.nextPageToken)
    }
    Output.table(
      ["order", "channel", "state", "sold", "lines", "tracking"],
      rows.map { order in
        let lines = order.lines.map { "\($0.sku)×\($0.quantity - $0.cancelledCount)" }
        return [
          order.orderID, order.channelID, words(order.state), order.saleTime.text,
          lines.joined(separator: " "), whereabouts(of: order),
        ]
      })
    return 0
  }

  private static func whereabouts(of order: Order) -> String {
    guard let pickup = order.pickup else { return order.shipment?.trackingNumber ?? "–" }
    if pickup.expired { return "not collected" }
    return order.shipment?.trackingNumber ?? (order.state == .shipped ? "collected" : "pickup")
  }

  static let ship = Command(
    name: "ship", usage: "ORDER TRACKING [--carrier NAME]",
    summary: "picks, packs and ships an order; its channel is told", wordLimit: 2,
    options: ["carrier": ""]
  ) { arguments in
    let order = try await shipWhole(
      Peers.fromEnvironment(), try arguments.word(0, "ORDER"),
      tracking: try arguments.word(1, "TRACKING"), carrier: arguments.option("carrier"))
    Output.line("\(order.orderID): \(words(order.state))")
    return 0
  }

  /// Takes an order from where it stands to shipped.
  static func shipWhole(
    _ peers: Peers, _ orderID: String, tracking: String, carrier: String = ""
  ) async throws -> Order {
    if try await pick(peers, orderID) == .picked {
      _ = try await peers.fulfilment.packOrder(
        PackOrderRequest(orderID: orderID, actor: "operator", requestID: UUID().uuidString))
    }
    let shipped = try await peers.fulfilment.shipOrder(
      ShipOrderRequest(
        orderID: orderID, trackingNumber: tracking, carrier: carrier, actor: "operator",
        requestID: UUID().uuidString))
    return shipped.order ?? Order()
  }

  /// Picks an order that nobody has picked yet, and says how it stands.
  static func pick(_ peers: Peers, _ orderID: String) async throws -> Order.State? {
    let order = try await peers.fulfilment.getOrder(GetOrderRequest(orderID: orderID)).order
    guard order?.state == .pending else { return order?.state }
    return try await peers.fulfilment.pickOrder(
      PickOrderRequest(orderID: orderID, actor: "operator", requestID: UUID().uuidString)
    ).order?.state
  }

  static let returns = Command(
    name: "returns", usage: "[--account ACCOUNT]", summary: "returns of all channels",
    options: ["account": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let rows = try await allPages { token in
      let page = try await peers.returns.listReturns(
        ListReturnsRequest(
          accountID: arguments.option("account"), pageSize: 1000, pageToken: token))
      return (page.returnOrders, page.nextPageToken)
    }
    Output.table(
      ["return", "order", "state", "lines", "reason"],
      rows.map { row in
        let lines = row.lines.map { "\($0.sku)×\($0.quantity)" }
        return [
          row.returnID, row.orderID, words(row.state), lines.joined(separator: " "), row.reason,
        ]
      })
    return 0
  }

  static let receiveReturn = Command(
    name: "receive-return", usage: "RETURN LOCATION", summary: "says that returned goods are here",
    wordLimit: 2
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.returns.receiveReturn(
      ReceiveReturnRequest(
        returnID: try arguments.word(0, "RETURN"), locationID: try arguments.word(1, "LOCATION"),
        actor: "operator", requestID: UUID().uuidString))
    if let order = answer.returnOrder { Output.line("\(order.returnID): \(words(order.state))") }
    return 0
  }

  static let restock = Command(
    name: "restock", usage: "RETURN", summary: "finds all lines of a return fit for sale",
    wordLimit: 1
  ) { arguments in
    let answer = try await restockWhole(
      Peers.fromEnvironment(), try arguments.word(0, "RETURN"))
    Output.line("\(answer.returnID): \(words(answer.state))")
    return 0
  }

  /// Finds every unit of a return fit for sale.
  @discardableResult
  static func restockWhole(_ peers: Peers, _ returnID: String) async throws -> ReturnOrder {
    let known = try await peers.returns.getReturn(GetReturnRequest(returnID: returnID)).returnOrder
    let lines = (known?.lines ?? []).map { line in
      LineInspection(
        lineID: line.lineID,
        disposals: [Disposal(disposition: .restock, quantity: line.quantity)])
    }
    let answer = try await peers.returns.inspectReturn(
      InspectReturnRequest(
        returnID: returnID, lines: lines, actor: "operator", requestID: UUID().uuidString))
    return answer.returnOrder ?? ReturnOrder()
  }
}
