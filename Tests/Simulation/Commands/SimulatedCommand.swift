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

  /// What is asked for, in one word or a few: the tests want to know that it was met.
  var verb: String { get }

  /// Whether sending it twice is harmless even without a request ID.
  var isIdempotent: Bool { get }
  var isRememberedForEver: Bool { get }
}

extension SimulatedCommand {
  var verb: String { "\(Self.self)" }
  var isIdempotent: Bool { true }
  var isRememberedForEver: Bool { false }
}

/// What commands are drawn from.
struct Hand {
  /// The pool's name and the model's for what a hold was at some time.
  struct Version {
    var etag: String
    var number: Int
  }

  var random: SeededRandom
  /// As somebody outside may know it: the pool may be further, or fall back.
  var model: Model
  var clock: Timestamp
  /// Of holds, as somebody may have read them.
  var versions: [String: Version] = [:]
  /// Makes names that nobody used before.
  var number = 0

  mutating func count(_ range: ClosedRange<Int64>) -> Int64 {
    Int64.random(in: range, using: &random)
  }

  mutating func isLucky(_ sides: Int) -> Bool { Int.random(in: 0..<sides, using: &random) == 0 }

  mutating func sku() -> String { one(model.names.keys) ?? "" }

  mutating func shelf() -> String { model.shelves.randomElement(using: &random) ?? "" }

  /// One that lies at A, where all that is in a bundle lies.
  mutating func bundled() -> String {
    let fit = model.shelves.filter { Shelf.named($0).isEmpty && Shelf.location($0) == "A" }
    return fit.randomElement(using: &random) ?? ""
  }

  /// Mostly of those that can still become something.
  mutating func hold() -> String? {
    one(model.holds.keys) { $0.holds[$1]?.state == .held }
  }

  mutating func order() -> String? {
    one(model.orders.keys) { $0.orders[$1]?.lines.values.contains { $0.open > 0 } ?? false }
  }

  mutating func promotion() -> String? {
    one(model.promotions.keys) {
      ["draft", "scheduled", "active"].contains($0.promotions[$1]?.state(at: $0.now))
    }
  }

  mutating func document(isTransfer: Bool) -> String? {
    one(model.documents.filter { ($0.value.source != nil) == isTransfer }.keys) {
      !["closed", "short", "cancelled"].contains($0.documents[$1]?.state)
    }
  }

  mutating func stockCount() -> String? {
    one(model.counts.keys) { !($0.counts[$1]?.isEnded ?? true) }
  }

  mutating func line(of order: String) -> String {
    one(model.orders[order]?.lines.keys ?? [:].keys) ?? "none"
  }

  private mutating func one(
    _ names: some Collection<String>, likely: (Model, String) -> Bool = { _, _ in true }
  ) -> String? {
    let fit = isLucky(6) ? [] : names.filter { likely(model, $0) }.sorted()
    return (fit.isEmpty ? names.sorted() : fit).randomElement(using: &random)
  }

  mutating func channel() -> String {
    ["shopee", "web", "lazada"].randomElement(using: &random) ?? ""
  }

  /// For how many seconds units are held: some not at all, some so long that much else happens.
  mutating func span() -> Int64 {
    isLucky(10) ? 0 : isLucky(2) ? count(1...90) : count(90...3_000)
  }

  mutating func owner() -> String { "owner \(count(1...2))" }

  /// Units of one to three shelves, now and then of the same.
  mutating func units() -> [Model.Units] {
    (0..<(isLucky(3) ? count(2...3) : 1)).map { _ in
      Model.Units(shelf: shelf(), quantity: count(1...6))
    }
  }

  /// The same of what customers want of an order or a hold, bundles among it.
  mutating func wanted(for name: String) -> [Model.Units] {
    units().map { Model.Units(shelf: ware(for: name), quantity: $0.quantity) }
  }

  /// What moves is wanted of an order or hold at one location only, so that no line of it ever lies at two.
  mutating func ware(for name: String) -> String {
    if isLucky(5), let bundle = Shelf.bundles.randomElement(using: &random) { return bundle }
    let shelf = shelf()
    let shelves = Shelf.all(of: Shelf.sku(shelf))
    return shelves[(Self.number(in: name)) % shelves.count]
  }

  /// Whether two orders or holds want what moves at the same location.
  static func agree(_ name: String, _ other: String) -> Bool {
    number(in: name) % 2 == number(in: other) % 2
  }

  private static func number(in name: String) -> Int {
    Int(String(name.reversed().prefix { $0.isNumber }.reversed())) ?? 0
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
    (2, { Receive.draw(&$0) }), (2, { Adjust.draw(&$0) }), (8, { Sell.draw(&$0) }),
    (3, { SellMany.draw(&$0) }), (12, { HoldUnits.draw(&$0) }), (8, { CommitUnits.draw(&$0) }),
    (2, { ReleaseUnits.draw(&$0) }), (3, { ExtendUnits.draw(&$0) }), (12, { EditUnits.draw(&$0) }),
    (3, { Cancel.draw(&$0) }), (4, { Ship.draw(&$0) }), (2, { TakeBack.draw(&$0) }),
    (1, { Resolve.draw(&$0) }), (1, { NameSKU.draw(&$0) }), (2, { HideUnits.draw(&$0) }),
    (1, { SetParts.draw(&$0) }), (9, { Purchase.draw(&$0) }), (8, { Move.draw(&$0) }),
    (14, { Promote.draw(&$0) }), (4, { ReceiveLot.draw(&$0) }), (8, { Count.draw(&$0) }),
    (2, { LockUnits.draw(&$0) }), (2, { FeedTill.draw(&$0) }),
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
