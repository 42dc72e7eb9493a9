import FulfilmentDomain
import Primitives
import Testing

/// Goal: an order for pickup does in each state what the picture says, and a repeat changes nothing.
@Suite struct PickupTests {
  private static let now = Timestamp(seconds: 100)
  private static let expiry = Timestamp(seconds: 200)

  /// Method: every verb in every state, against a table: the state after it, `=` for no change, or the refusal.
  @Test func everyVerbInEveryState() throws {
    let table = """
                   pending    picked     packed     ready     shipped    collected  cancelled  expired
      plan         =          =          =          =         =          =          =          =
      ready        stateWrong ready      ready      =         stateWrong stateWrong stateWrong stateWrong
      readyLonger  stateWrong ready      ready      ready     stateWrong stateWrong stateWrong stateWrong
      readyForever stateWrong ready      ready      ready     stateWrong stateWrong stateWrong stateWrong
      readyPast    stateWrong expireTimeOver expireTimeOver expireTimeOver stateWrong stateWrong stateWrong stateWrong
      collect      stateWrong stateWrong stateWrong shipped   stateWrong =          stateWrong stateWrong
      expireEarly  =          =          =          =         =          =          =          =
      expire       =          =          =          cancelled =          =          =          =
      ship         stateWrong stateWrong shipped    shipped   =          stateWrong stateWrong stateWrong
      cancelAll    cancelled  cancelled  cancelled  cancelled stateWrong stateWrong =          =
      grow         pending    pending    pending    pending   orderEnded orderEnded pending    pending
      handOver     shipped    shipped    shipped    shipped   =          =          =          =
      """
    let rows = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    for row in rows.dropFirst() {
      for (state, expected) in zip(rows[0], row.dropFirst()) {
        var order = try Self.order(in: state)
        let before = order
        let outcome = Self.perform(row[0], on: &order)
        #expect(outcome == expected, "\(row[0]) when \(state)")
        guard Order.State(rawValue: outcome) != nil else {
          #expect(order == before, "\(row[0]) when \(state) changed something")
          continue
        }
        #expect(Self.perform(row[0], on: &order) == "=", "\(row[0]) again after \(state)")
        #expect(order.pickup?.locationID == LocationID(trusted: "store"))
      }
    }
  }

  @Test func timesTellWhatBecameOfIt() throws {
    var order = try Self.order(in: "ready")
    #expect(order.pickup?.readyTime == Self.now && order.pickup?.expireTime == Self.expiry)
    #expect(try order.ready(until: nil, now: Self.now + .seconds(9)))
    #expect(order.pickup?.readyTime == Self.now && order.pickup?.expireTime == nil)
    #expect(Self.perform("expire", on: &order) == "=")
    order = try Self.order(in: "collected")
    #expect(order.pickup?.collectTime == Self.now && order.shipment == nil && !order.isHandedOver)
    order = try Self.order(in: "expired")
    #expect(order.pickup?.isExpired == true && order.openLines.isEmpty)
    #expect(try Self.order(in: "cancelled").pickup?.isExpired == false)
  }

  /// Units that nobody has picked are not at the counter, so what was said of it is over.
  @Test(arguments: ["ready", "expired"]) func growingTakesItOffTheCounter(state: String) throws {
    var order = try Self.order(in: state)
    #expect(Self.perform("grow", on: &order) == "pending")
    #expect(order.pickup == Pickup(locationID: LocationID(trusted: "store")))
  }

  @Test func lateCustomerIsServedUntilItIsCancelled() throws {
    var order = try Self.order(in: "ready")
    #expect(try order.collect(now: Self.expiry + .seconds(60)))
    #expect(Self.perform("expire", on: &order) == "=")
  }

  @Test func orderThatIsSentIsNotReady() throws {
    var order = try Self.order(in: "picked", pickup: nil)
    let before = order
    #expect(throws: FulfilmentError.notForPickup(order.id)) {
      try order.ready(until: nil, now: Self.now)
    }
    #expect(order == before)
    #expect(Self.perform("plan", on: &order) == "picked")
    #expect(try order.ready(until: nil, now: Self.now))
    order = try Self.order(in: "shipped", pickup: nil)
    #expect(Self.perform("plan", on: &order) == "=" && order.pickup == nil, "it has left")
    // Units may bring it back, and then it waits.
    order = try Self.order(in: "cancelled", pickup: nil)
    #expect(Self.perform("plan", on: &order) == "cancelled")
    #expect(Self.perform("grow", on: &order) == "pending" && order.pickup != nil)
  }

  private static func order(
    in state: String, pickup: Pickup? = Pickup(locationID: LocationID(trusted: "store"))
  ) throws -> Order {
    var order = Order(
      id: "shop/1", accountID: AccountID(trusted: "shop"), channelID: ChannelID(trusted: "till"),
      externalID: "1", saleTime: nil)
    _ = order.plan(pickup)
    _ = try order.include([line("a", 2)])
    if state == "cancelled" { _ = try order.cancel(to: nil) }
    if ["pending", "cancelled"].contains(state) { return order }
    _ = try order.pick()
    if state == "picked" { return order }
    _ = try order.pack()
    if state == "shipped" {
      _ = try order.ship(Shipment(trackingNumber: "T1", carrier: "", shipTime: now))
    }
    if ["packed", "shipped"].contains(state) { return order }
    _ = try order.ready(until: expiry, now: now)
    if state == "collected" { _ = try order.collect(now: now) }
    if state == "expired" { _ = order.expire(now: expiry) }
    return order
  }

  private static func line(_ id: LineID, _ quantity: Quantity) -> OrderLine {
    OrderLine(id: id, sku: SKU(trusted: "TEE"), quantity: quantity)
  }

  /// - Returns: the state after it, `=` for no change, or the name of the refusal.
  private static func perform(_ verb: String, on order: inout Order) -> String {
    do throws(FulfilmentError) {
      let isChanged: Bool
      switch verb {
      case "plan": isChanged = order.plan(Pickup(locationID: LocationID(trusted: "other")))
      case "ready": isChanged = try order.ready(until: expiry, now: now)
      case "readyLonger": isChanged = try order.ready(until: expiry + .seconds(1), now: now)
      case "readyForever": isChanged = try order.ready(until: nil, now: now)
      case "readyPast": isChanged = try order.ready(until: now, now: now)
      case "collect": isChanged = try order.collect(now: now)
      case "expireEarly": isChanged = order.expire(now: expiry - .microseconds(1))
      case "expire": isChanged = order.expire(now: expiry)
      case "ship":
        isChanged = try order.ship(Shipment(trackingNumber: "T1", carrier: "", shipTime: now))
      case "cancelAll": isChanged = try !order.cancel(to: nil).isEmpty
      case "grow": isChanged = try order.include([line("a", 3)])
      case "handOver": isChanged = try order.include([line("a", 2)], handedOver: true)
      default: return "no verb \(verb)"
      }
      return isChanged ? order.state.rawValue : "="
    } catch {
      return "\(error)".prefix { $0 != "(" }.description
    }
  }
}
