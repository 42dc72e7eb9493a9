import FulfilmentDomain
import Primitives
import Testing

/// Goal: an order does in each state what the picture says, and a repeat changes nothing.
@Suite struct OrderTests {
  /// Method: every verb in every state, against a table: the state after it, `=` for no change, or the refusal.
  @Test func everyVerbInEveryState() throws {
    let table = """
                  pending    picked     packed     ready      shipped     cancelled
      pick        picked     =          stateWrong stateWrong stateWrong  stateWrong
      pack        stateWrong packed     =          stateWrong stateWrong  stateWrong
      ship        stateWrong stateWrong shipped    shipped    =           stateWrong
      shipOther   stateWrong stateWrong shipped    shipped    stateWrong  stateWrong
      cancelAll   cancelled  cancelled  cancelled  cancelled  stateWrong  =
      cancelNone  =          =          =          =          =           =
      cancelLine  cancelled  cancelled  cancelled  cancelled  stateWrong  =
      again       =          =          =          =          =           =
      grow        pending    pending    pending    pending    orderEnded  pending
      add         pending    pending    pending    pending    orderEnded  pending
      handOver    shipped    shipped    shipped    shipped    =           =
      handOverAdd shipped    shipped    shipped    shipped    shipped     shipped
      otherSKU    lineConflict lineConflict lineConflict lineConflict lineConflict lineConflict
      shrink      lineConflict lineConflict lineConflict lineConflict lineConflict lineConflict
      """
    let rows = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    let states = rows[0]
    #expect(states == Order.State.allCases.map(\.rawValue))
    for row in rows.dropFirst() {
      for (state, expected) in zip(states, row.dropFirst()) {
        var order = try Self.order(in: state)
        let before = order
        let outcome = Self.perform(row[0], on: &order)
        #expect(outcome == expected, "\(row[0]) when \(state)")
        if outcome.first?.isLowercase != true || Order.State(rawValue: outcome) == nil {
          #expect(order == before, "\(row[0]) when \(state) changed something")
        }
        if Order.State(rawValue: outcome) != nil, row[0] != "cancelNone" {
          #expect(Self.perform(row[0], on: &order) == "=", "\(row[0]) again after \(state)")
        }
      }
    }
  }

  @Test func totalsOfCancellationOnlyRise() throws {
    var order = Self.new([("a", 5), ("b", 2)])
    #expect(try order.cancel(to: [("a", 2)]) == ["a"])
    #expect(try order.cancel(to: [("a", 1)]) == [])
    #expect(try order.cancel(to: [("a", 4), ("b", 2)]) == ["a", "b"])
    #expect(order.lines.map(\.cancelledCount) == [4, 2])
    #expect(order.state == .pending && order.openLines.map(\.id) == ["a"])
    #expect(try order.cancel(to: [("a", 5)]) == ["a"])
    #expect(order.state == .cancelled)
  }

  @Test func cancellationNamesWhatIsWrongAndChangesNothing() throws {
    var order = Self.new([("a", 5)])
    _ = try order.cancel(to: [("a", 2)])
    let before = order
    #expect(throws: FulfilmentError.lineUnknown(order.id, "x")) {
      try order.cancel(to: [("a", 3), ("x", 1)])
    }
    #expect(throws: FulfilmentError.tooManyUnits(order.id, "a", open: 3)) {
      try order.cancel(to: [("a", 6)])
    }
    #expect(order == before)
  }

  @Test func shippedOrderTakesRepeatedCancellation() throws {
    var order = Self.new([("a", 5)])
    _ = try order.cancel(to: [("a", 2)])
    _ = try order.pick()
    _ = try order.pack()
    _ = try order.ship(Self.parcel("T1"))
    #expect(try order.cancel(to: [("a", 2)]) == [])
    #expect(throws: FulfilmentError.stateWrong(order.id, .shipped)) {
      try order.cancel(to: [("a", 3)])
    }
  }

  @Test func orderHasTenThousandLinesAtMost() throws {
    var order = Self.new((0..<9_999).map { ("\($0)", 1) })
    #expect(try order.include([Self.line("last", 1)]))
    #expect(throws: FulfilmentError.tooManyLines(order.id, count: 10_001)) {
      try order.include([Self.line("more", 1)])
    }
  }

  /// Method: random commands from a seed; after each, what must always be so.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func randomCommandsKeepTheOrderSound(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var order = Self.new([("a", 1)])
    var wanted: [String: Quantity] = ["a": 1]
    for _ in 0..<200 {
      let before = order
      let name = "l\(Int.random(in: 0..<4, using: &random))"
      do {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: _ = try order.pick()
        case 1: _ = try order.pack()
        case 2 where Bool.random(using: &random): _ = try order.ship(Self.parcel("T1"))
        case 3:
          _ = try order.cancel(to: [
            (LineID(trusted: name), Quantity.random(in: 0...4, using: &random))
          ])
        case 4 where Int.random(in: 0..<8, using: &random) == 0: _ = try order.cancel(to: nil)
        default:
          let quantity = max(wanted[name] ?? 0, Quantity.random(in: 1...5, using: &random))
          if try order.include([Self.line(name, quantity)]) { wanted[name] = quantity }
        }
      } catch {
        #expect(order == before, "seed \(seed): a refusal changed something")
      }
      for line in order.lines {
        #expect((0...line.quantity).contains(line.cancelledCount), "seed \(seed)")
      }
      let isEmpty = order.openLines.isEmpty
      #expect((order.state == .cancelled) == isEmpty, "seed \(seed)")
      #expect((order.shipment != nil) == (order.state == .shipped), "seed \(seed)")
      #expect(before.state != .shipped || order == before, "seed \(seed): shipped is the end")
    }
  }

  private static func new(_ lines: [(String, Quantity)]) -> Order {
    var order = Order(
      id: "shop/1", accountID: AccountID(trusted: "shop"), channelID: ChannelID(trusted: "till"),
      externalID: "1", saleTime: nil)
    let isNew = try? order.include(lines.map { line($0.0, $0.1) })
    precondition(isNew == true, "a new order takes its lines")
    return order
  }

  private static func line(_ id: String, _ quantity: Quantity, sku: String = "TEE") -> OrderLine {
    OrderLine(id: LineID(trusted: id), sku: SKU(trusted: sku), quantity: quantity)
  }

  private static func parcel(_ number: String) -> Shipment {
    Shipment(trackingNumber: number, carrier: "", shipTime: .zero)
  }

  private static func order(in state: String) throws -> Order {
    var order = new([("a", 2)])
    if state == "cancelled" { _ = try order.cancel(to: nil) }
    if ["picked", "packed", "ready", "shipped"].contains(state) { _ = try order.pick() }
    if ["packed", "shipped"].contains(state) { _ = try order.pack() }
    if state == "shipped" { _ = try order.ship(parcel("T1")) }
    if state == "ready" {
      _ = order.plan(Pickup(locationID: nil))
      _ = try order.ready(until: nil, now: .zero)
    }
    return order
  }

  /// - Returns: the state after it, `=` for no change, or the name of the refusal.
  private static func perform(_ verb: String, on order: inout Order) -> String {
    do throws(FulfilmentError) {
      let isChanged: Bool
      switch verb {
      case "pick": isChanged = try order.pick()
      case "pack": isChanged = try order.pack()
      case "ship": isChanged = try order.ship(parcel("T1"))
      case "shipOther": isChanged = try order.ship(parcel("T2"))
      case "cancelAll": isChanged = try !order.cancel(to: nil).isEmpty
      case "cancelNone": isChanged = try !order.cancel(to: [("a", 0)]).isEmpty
      case "cancelLine": isChanged = try !order.cancel(to: [("a", 2)]).isEmpty
      case "again": isChanged = try order.include([line("a", 2)])
      case "grow": isChanged = try order.include([line("a", 3)])
      case "add": isChanged = try order.include([line("a", 2), line("b", 1)])
      case "handOver": isChanged = try order.include([line("a", 2)], handedOver: true)
      case "handOverAdd": isChanged = try order.include([line("b", 1)], handedOver: true)
      case "otherSKU": isChanged = try order.include([line("a", 2, sku: "CAP")])
      case "shrink": isChanged = try order.include([line("a", 1)])
      default: return "no verb \(verb)"
      }
      return isChanged ? order.state.rawValue : "="
    } catch {
      return "\(error)".prefix { $0 != "(" }.description
    }
  }
}

extension LineID: ExpressibleByStringLiteral {
  public init(stringLiteral text: String) { self.init(trusted: text) }
}

extension OrderID: ExpressibleByStringLiteral {
  public init(stringLiteral text: String) { self.init(trusted: text) }
}
