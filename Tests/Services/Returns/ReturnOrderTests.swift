import Primitives
import ReturnsDomain
import Testing

/// Goal: a return does in each state what the picture says, and a repeat changes nothing.
@Suite struct ReturnOrderTests {
  /// Method: every verb in every state, against a table: the state after it, `=` for no change, or the refusal.
  @Test func everyVerbInEveryState() throws {
    let table = """
                    requested  received   inspected     cancelled
      receive       received   =          stateWrong    stateWrong
      receiveOther  received   received   stateWrong    stateWrong
      cancel        cancelled  stateWrong stateWrong    =
      inspectAll    stateWrong inspected  =             stateWrong
      inspectOne    stateWrong received   =             stateWrong
      inspectWrong  stateWrong received   lineInspected stateWrong
      inspectNone   stateWrong lineUnknown lineUnknown  stateWrong
      inspectLess   stateWrong unbalanced unbalanced    stateWrong
      reopen        =          =          received      =
      reopenNone    lineUnknown lineUnknown lineUnknown lineUnknown
      """
    let rows = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    let states = rows[0]
    #expect(states == ReturnOrder.State.allCases.map(\.rawValue))
    for row in rows.dropFirst() {
      for (state, expected) in zip(states, row.dropFirst()) {
        var order = try Self.order(in: state)
        let before = order
        let outcome = Self.perform(row[0], on: &order)
        #expect(outcome == expected, "\(row[0]) when \(state)")
        if ReturnOrder.State(rawValue: outcome) == nil {
          #expect(order == before, "\(row[0]) when \(state) changed something")
        } else {
          #expect(Self.perform(row[0], on: &order) == "=", "\(row[0]) again after \(state)")
        }
      }
    }
  }

  /// Goods that are booked at one place did not arrive at another.
  @Test func locationStandsOnceALineIsDecided() throws {
    var order = try Self.order(in: "received")
    let other = LocationID(trusted: "south")
    #expect(try order.receive(at: other) && order.locationID == other)
    _ = try order.inspect([(line("b"), [Disposal(.writeOff, 1)])])
    #expect(try !order.receive(at: other))
    #expect(throws: ReturnsError.stateWrong(order.id, .received)) {
      try order.receive(at: LocationID(trusted: "north"))
    }
  }

  @Test func isInspectedWhenTheLastLineIsDecided() throws {
    var order = try Self.order(in: "received")
    #expect(try order.inspect([(line("b"), [Disposal(.writeOff, 1)])]).map(\.id) == [line("b")])
    #expect(order.state == .received)
    let decided = try order.inspect([
      (line("b"), [Disposal(.writeOff, 1)]),
      (line("a"), [Disposal(.restock, 1), Disposal(.quarantine, 1), Disposal(.restock, 1)]),
    ])
    #expect(decided.map(\.id) == [line("a")])
    #expect(decided[0].disposals == [Disposal(.quarantine, 1), Disposal(.restock, 2)])
    #expect(order.state == .inspected)
  }

  /// What the pool does not take is decided again, as if it had not been; the other lines stay.
  @Test func reopenedLineIsDecidedAgain() throws {
    var order = try Self.order(in: "inspected")
    #expect(try order.reopen(line("b"), because: "LOT_EXPIRED") && order.state == .received)
    #expect(order.lines.map(\.isDecided) == [true, false])
    #expect(order.lines.map(\.refusal) == ["", "LOT_EXPIRED"])
    #expect(try order.inspect([(line("b"), [Disposal(.writeOff, 1)])]).map(\.id) == [line("b")])
    #expect(order.state == .inspected && order.lines[1].refusal.isEmpty)
  }

  @Test func allLinesThatDoNotAddUpAreNamed() throws {
    var order = try Self.order(in: "received")
    #expect(
      throws: ReturnsError.unbalanced([
        .init(position: 0, wanted: 3, given: 4), .init(position: 1, wanted: 1, given: 2),
      ])
    ) {
      try order.inspect([
        (line("a"), [Disposal(.restock, 4)]), (line("b"), [Disposal(.restock, 2)]),
      ])
    }
  }

  @Test func sameReturnIsKnownWhateverHappenedSince() throws {
    let asked = try Self.order(in: "requested")
    let inspected = try Self.order(in: "inspected")
    #expect(inspected.isSame(as: asked))
    let other = ReturnOrder(
      id: asked.id, orderID: asked.orderID, accountID: nil, lines: Array(asked.lines.dropLast()))
    #expect(!inspected.isSame(as: other))
  }

  /// Method: what comes back is counted line by line and SKU by SKU, with what came back before.
  @Test(arguments: [
    ("a:TEE:5@o1", "", "ok"),
    ("a:TEE:6@o1", "", "tooManyUnits o1 5"),
    ("a:TEE:2@o1", "x:TEE:4@o1", "tooManyUnits o1 1"),
    ("a:TEE:2@o1", "x:TEE:3@o1", "ok"),
    ("a:TEE:8", "", "ok"),
    ("a:TEE:9", "", "tooManyUnits a 8"),
    ("a:TEE:5@o1", "x:TEE:4", "tooManyUnits o1 4"),
    ("a:TEE:3@o1 b:TEE:3@o1", "", "tooManyUnits o1 2"),
    ("a:TEE:5@o1 b:TEE:3@o2 c:CAP:1", "", "ok"),
    ("a:CAP:2", "", "tooManyUnits a 1"),
    ("a:CAP:1@o1", "", "orderLineUnknown o1"),
    ("a:TEE:1@o9", "", "orderLineUnknown o9"),
    ("a:MUG:1", "", "orderLineUnknown a"),
    ("a:TEE:1@o1", "x:TEE:9@o1", "tooManyUnits o1 0"),
  ])
  func noMoreComesBackThanWasSold(back: String, before: String, expected: String) {
    let sold = [
      SoldUnits.Line(id: line("o1"), sku: SKU(trusted: "TEE"), soldCount: 5),
      SoldUnits.Line(id: line("o2"), sku: SKU(trusted: "TEE"), soldCount: 3),
      SoldUnits.Line(id: line("o3"), sku: SKU(trusted: "CAP"), soldCount: 1),
    ]
    let order = OrderID(trusted: "shop/1")
    var units = SoldUnits(orderID: order, sold: sold, returned: Self.lines(before))
    let outcome: String
    do throws(ReturnsError) {
      try units.check(Self.lines(back))
      outcome = "ok"
    } catch {
      switch error {
      case .tooManyUnits(order, let line, let open): outcome = "tooManyUnits \(line) \(open)"
      case .orderLineUnknown(order, let line): outcome = "orderLineUnknown \(line)"
      default: outcome = "\(error)"
      }
    }
    #expect(outcome == expected)
  }

  private func line(_ text: String) -> LineID { LineID(trusted: text) }

  /// `line:SKU:quantity@order line`, with blanks between.
  private static func lines(_ text: String) -> [ReturnOrderLine] {
    text.split(separator: " ").map { item in
      let parts = item.split(separator: "@")
      let fields = parts[0].split(separator: ":").map(String.init)
      return ReturnOrderLine(
        id: LineID(trusted: fields[0]), sku: SKU(trusted: fields[1]),
        quantity: Quantity(fields[2]) ?? 0,
        orderLineID: parts.count > 1 ? LineID(trusted: String(parts[1])) : nil)
    }
  }

  private static func order(in state: String) throws -> ReturnOrder {
    var order = ReturnOrder(
      id: ReturnID(trusted: "shop/r1"), orderID: nil, accountID: nil,
      lines: lines("a:TEE:3 b:CAP:1"))
    if state == "cancelled" { _ = try order.cancel() }
    if ["received", "inspected"].contains(state) {
      _ = try order.receive(at: LocationID(trusted: "north"))
    }
    if state == "inspected" { _ = perform("inspectAll", on: &order) }
    return order
  }

  /// - Returns: the state after it, `=` for no change, or the name of the refusal.
  private static func perform(_ verb: String, on order: inout ReturnOrder) -> String {
    let (a, b) = (LineID(trusted: "a"), LineID(trusted: "b"))
    do throws(ReturnsError) {
      let isChanged: Bool
      switch verb {
      case "receive": isChanged = try order.receive(at: LocationID(trusted: "north"))
      case "receiveOther": isChanged = try order.receive(at: LocationID(trusted: "south"))
      case "cancel": isChanged = try order.cancel()
      case "inspectAll":
        isChanged = try !order.inspect([
          (a, [Disposal(.restock, 2), Disposal(.writeOff, 1)]), (b, [Disposal(.quarantine, 1)]),
        ]).isEmpty
      case "inspectOne": isChanged = try !order.inspect([(b, [Disposal(.quarantine, 1)])]).isEmpty
      case "inspectWrong": isChanged = try !order.inspect([(b, [Disposal(.restock, 1)])]).isEmpty
      case "inspectNone":
        isChanged = try !order.inspect([(LineID(trusted: "x"), [Disposal(.restock, 1)])]).isEmpty
      case "inspectLess": isChanged = try !order.inspect([(a, [Disposal(.restock, 2)])]).isEmpty
      case "reopen": isChanged = try order.reopen(b, because: "LOT_EXPIRED")
      case "reopenNone":
        isChanged = try order.reopen(LineID(trusted: "x"), because: "LOT_EXPIRED")
      default: return "no verb \(verb)"
      }
      return isChanged ? order.state.rawValue : "="
    } catch {
      return "\(error)".prefix { $0 != "(" }.description
    }
  }
}
