import PoolAPI
import Primitives
import Protobuf
import RPCCore

@testable import PoolService

/// One kind of command: how it is drawn, how it is sent, and what the model makes of it.
///
/// A new one is a type like the others in this folder and a line in `CommandDeck`.
protocol SimulatedCommand: Sendable, CustomStringConvertible {
  associatedtype Response: Message

  /// Draws one that may or may not be possible; nil where there is nothing to draw it from.
  static func draw(_ hand: inout Hand) -> Self?

  /// Calls the pool's own handler.
  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> Response

  /// What the answer says, in the words of `apply`.
  func words(_ response: Response) -> String

  /// Counts it in, or throws; the words of the answer. Whatever changes a count calls `move`.
  func apply(to model: inout Model) throws(Model.Refusal) -> String

  /// Whether sending it twice is harmless even without a request ID.
  var isIdempotent: Bool { get }
  var isRememberedForEver: Bool { get }
}

extension SimulatedCommand {
  var isIdempotent: Bool { true }
  var isRememberedForEver: Bool { false }
}

/// What commands are drawn from.
struct Hand {
  var random: SeededRandom
  /// As somebody outside may know it: the pool may be further, or fall back.
  var model: Model
  var clock: Timestamp
  /// Makes names that nobody used before.
  var number = 0

  mutating func count(_ range: ClosedRange<Int64>) -> Int64 {
    Int64.random(in: range, using: &random)
  }

  mutating func isLucky(_ sides: Int) -> Bool { Int.random(in: 0..<sides, using: &random) == 0 }

  mutating func sku() -> String { model.names.keys.sorted().randomElement(using: &random) ?? "" }

  mutating func hold() -> String? { model.holds.keys.sorted().randomElement(using: &random) }

  mutating func order() -> String? { model.orders.keys.sorted().randomElement(using: &random) }

  mutating func line(of order: String) -> String {
    let lines = model.orders[order]?.lines.keys.sorted() ?? []
    return lines.randomElement(using: &random) ?? "none"
  }

  /// Units of one to three lines, now and then of the same SKU.
  mutating func units() -> [Model.Units] {
    (0..<(isLucky(3) ? count(2...3) : 1)).map { _ in
      Model.Units(sku: sku(), quantity: count(1...6))
    }
  }

  mutating func name(_ kind: String) -> String {
    number += 1
    return "\(kind)-\(number)"
  }
}

/// All commands, each as often as its weight says.
enum CommandDeck {
  private typealias Draw = @Sendable (inout Hand) -> (any SimulatedCommand)?

  private static let cards: [(weight: Int, draw: Draw)] = [
    (3, { Receive.draw(&$0) }), (2, { Adjust.draw(&$0) }), (8, { Sell.draw(&$0) }),
    (8, { HoldUnits.draw(&$0) }), (5, { CommitUnits.draw(&$0) }), (3, { ReleaseUnits.draw(&$0) }),
    (3, { Cancel.draw(&$0) }), (4, { Ship.draw(&$0) }), (2, { TakeBack.draw(&$0) }),
    (1, { Resolve.draw(&$0) }), (1, { NameSKU.draw(&$0) }), (1, { HideUnits.draw(&$0) }),
  ]

  static func draw(_ hand: inout Hand) -> any SimulatedCommand {
    let sum = cards.reduce(0) { $0 + $1.weight }
    while true {
      var place = Int.random(in: 0..<sum, using: &hand.random)
      for card in cards {
        place -= card.weight
        guard place < 0 else { continue }
        if let command = card.draw(&hand) { return command }
        break
      }
    }
  }
}

/// Where a SKU lies: it has one place, so that the model needs none.
enum Home {
  static func location(of sku: String) -> String {
    sku.hasSuffix("B") ? "B" : "A"
  }
}
