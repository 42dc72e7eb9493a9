internal import Foundation
internal import FulfilmentAPI
internal import Primitives

/// What an operator says of orders that their customers come for.
enum PickupCommands {
  static let ready = Command(
    name: "ready", usage: "ORDER [--hours N]",
    summary: "picks an order for pickup and puts it at the counter, for N hours if that is given",
    wordLimit: 1, options: ["hours": ""]
  ) { arguments in
    let orderID = try arguments.word(0, "ORDER")
    let expireTime = try expireTime(hours: arguments.option("hours"), now: SystemClock().now())
    let peers = try Peers.fromEnvironment()
    // One that is to be sent is refused before it is picked.
    let known = try await peers.fulfilment.getOrder(GetOrderRequest(orderID: orderID)).order
    guard known?.pickup != nil else {
      throw Failure("order \(orderID) is to be sent and not collected; `onepool ship` ships it")
    }
    _ = try await OrderCommands.pick(peers, orderID)
    let order = try await peers.fulfilment.readyOrder(
      ReadyOrderRequest(
        orderID: orderID, expireTime: expireTime, actor: "operator", requestID: UUID().uuidString)
    ).order
    let waits = order?.pickup?.expireTime.map { ", until \($0.text)" } ?? ""
    Output.line("\(orderID): \(order.map { words($0.state) } ?? "unknown")\(waits)")
    return 0
  }

  static let collect = Command(
    name: "collect", usage: "ORDER", summary: "says that the customer has an order for pickup",
    wordLimit: 1
  ) { arguments in
    let orderID = try arguments.word(0, "ORDER")
    let order = try await Peers.fromEnvironment().fulfilment.collectOrder(
      CollectOrderRequest(orderID: orderID, actor: "operator", requestID: UUID().uuidString)
    ).order
    Output.line("\(orderID): \(order.map { "\($0.state)" } ?? "unknown")")
    return 0
  }

  /// Nil when no hours are given.
  static func expireTime(hours text: String, now: Timestamp) throws -> Timestamp? {
    guard !text.isEmpty else { return nil }
    guard let hours = Int64(text), (1...10_000).contains(hours) else {
      throw UsageError("--hours is \(text): a whole number from 1 to 10000 is wanted")
    }
    return now + .seconds(hours * 3600)
  }
}
