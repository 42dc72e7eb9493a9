import Primitives
import Testing

@testable import PoolDomain

/// Runs a script of commands against a pool, one a line, and checks what each answers and leaves
/// behind:
///
///     hold   r-1 4 -> held              available 6
///     commit r-1   -> committed         available 6   committed 4
///
/// A quantity may say more: `4:CAP` (SKU, else TEE), `4@B` (location), `4:CAP@B`. What follows `->`
/// is the result: a state, `ok`, `unchanged` (nothing was written to the ledger), `oversold N`, or
/// an error's name. What follows that are counts of TEE over all locations, or of `name:SKU`,
/// `name@location`.
final class Script {
  let pool = Pool()
  var now = Timestamp(seconds: 1_800_000_000)
  private(set) var entries: [LedgerEntry] = []

  init(
    onHand: Quantity = 0, locations: [(String, Int32)] = [("A", 1), ("B", 2)],
    moreSKUs: [String] = []
  ) throws {
    pool.advance(to: now)
    for sku in ["TEE", "CAP"] + moreSKUs { _ = try pool.apply(.setSKU(SetSKU(sku: SKU(sku)))) }
    for (location, rank) in locations {
      _ = try pool.apply(.setLocation(SetLocation(location: LocationID(location), rank: rank)))
    }
    if onHand > 0 { _ = try run(["receive", "\(onHand)"]) }
  }

  func run(script: String, sourceLocation: SourceLocation) throws {
    for line in script.split(whereSeparator: \.isNewline) where !line.allSatisfy(\.isWhitespace) {
      let sides = line.components(separator: " # ")[0].components(separator: "->")
      let words = sides[0].words
      let expected = sides.count > 1 ? sides[1].words : []
      let before = pool.sequence
      var outcome: [String]
      do {
        outcome = try run(words)
        if pool.sequence == before, outcome != ["ok"] || isStock(words[0]) {
          outcome.insert("unchanged", at: 0)
        }
      } catch let error as PoolError {
        outcome = [name(of: error)]
        #expect(
          pool.sequence == before, "a refusal changes nothing: \(line)",
          sourceLocation: sourceLocation)
      }
      try check(expected, outcome, line, sourceLocation)
    }
  }

  private func isStock(_ verb: String) -> Bool {
    ![
      "wait", "buffer", "rank", "locate", "feed", "last", "group", "caps", "promotion", "schedule",
      "topUp", "end", "stop", "lag",
    ].contains(verb)
  }

  private func check(
    _ expected: [String], _ outcome: [String], _ line: Substring, _ place: SourceLocation
  ) throws {
    var rest = expected[...]
    let measures: Set<String> = [
      "available", "onHand", "held", "committed", "unavailable", "shipped", "lost", "returned",
      "lot", "incoming", "transferredIn", "transferredOut", "found", "received", "ats", "left",
      "sold", "cancelled", "sequence",
    ]
    var told: [String] = []
    while let word = rest.first {
      let isMeasure = measures.contains(String(word.prefix { $0 != ":" && $0 != "@" && $0 != "%" }))
      if isMeasure, rest.count > 1, Int64(rest[rest.startIndex + 1]) != nil { break }
      told.append(word)
      rest = rest.dropFirst()
    }
    if !told.isEmpty {
      let isThere = told.allSatisfy { outcome.contains($0) }
      #expect(isThere, "\(line): got \(outcome.joined(separator: " "))", sourceLocation: place)
    }
    while rest.count >= 2 {
      let (what, number) = (rest[rest.startIndex], Int64(rest[rest.startIndex + 1]))
      rest = rest.dropFirst(2)
      #expect(try measure(what) == number, "\(what) after: \(line)", sourceLocation: place)
    }
  }

  private func measure(_ text: String) throws -> Quantity {
    if text == "sequence" { return pool.sequence }
    let parts = text.split { $0 == "%" }
    let what = Demand(String(parts[0]))
    let sku = try #require(pool.index(of: what.sku))
    if what.name == "ats" {
      let channel = parts.count > 1 ? try ChannelID(String(parts[1])) : nil
      let listing = parts.count > 2 ? try ListingID(String(parts[2])) : nil
      let count = pool.availableToSell(sku, on: channel, listing: listing)
      if let channel, pool.bundles.components(of: sku) == nil {
        let explained = Explanation(of: sku, on: channel, listing: listing, in: pool)
        #expect(explained.availableToSell == count, "the explanation says so, too: \(text)")
        #expect(explained.terms.reduce(0) { $0 + $1.delta } == count)
      }
      return count
    }
    if what.name == "left" {
      let promotion = try #require(pool.promotions.find(try PromotionID(String(parts[1]))))
      let place = try #require(pool.promotions.place(of: sku, in: promotion.index))
      return pool.promotions.allotments[place].remaining
    }
    let location = what.location.flatMap { pool.index(of: $0) }
    if what.name == "lot" {
      // `lot%L1`, `lot@B%L1`: units of a lot.
      return pool.lots.lots(of: sku)
        .filter { $0.tag.id.text == parts[1] && (location == nil || $0.location == location) }
        .reduce(0) { $0 + $1.quantity }
    }
    var total = Balance(sku: sku, location: LocationIndex(0))
    for balance in pool.balances(of: sku) where location == nil || balance.location == location {
      total.add(balance)
    }
    switch what.name {
    case "available":
      if location == nil {
        #expect(pool.available(sku) == total.available)
        return pool.availableUnits(sku)
      }
      return total.available
    case "onHand": return total.onHand
    case "held": return total.held
    case "committed": return total.committed
    case "unavailable": return total.unavailable
    case "shipped": return total.shipped
    case "lost": return total.lost
    case "returned": return total.returned
    case "found": return total.found
    case "received": return total.received
    case "transferredIn": return total.transferredIn
    case "transferredOut": return total.transferredOut
    case "incoming":
      return pool.incomingUnits(of: sku)
        .filter { location == nil || $0.location == location }
        .reduce(0) { $0 + $1.quantity }
    default: return -1
    }
  }

  /// Runs one command's words; the pool's answer in words.
  func run(_ words: [String]) throws -> [String] {
    defer { entries += pool.takeEntries() }
    switch words[0] {
    case "wait":
      now = now + .seconds(Int64(words[1])!)
      pool.advance(to: now)
      return ["ok"]
    case "caps":
      pool.holdCaps = ScriptCommand.caps(Array(words.dropFirst()))
      return ["ok"]
    default:
      pool.advance(to: now)
      var words = words
      if words[0] == "edit", !words.contains(where: { $0.hasPrefix("etag=") }) {
        words.append("etag=\(pool.holds[try HoldID(words[1])]?.etag ?? "none")")
      }
      return describe(try pool.apply(try ScriptCommand.parse(words, now: now)))
    }
  }

  private func describe(_ reply: Reply) -> [String] {
    switch reply {
    case .document(let document): return [document.stateWord]
    case .reorderPoint: return ["ok"]
    case .sku, .location, .buffer, .sourcing, .lastUnits, .balances: return ["ok"]
    case .bundle(let bundle): return [bundle.parts.isEmpty ? "ordinary" : "bundle"]
    case .promotion(let promotion, _): return ["\(promotion.state(at: pool.now))"]
    case .hold(let hold, _):
      return ["\(hold.state)", hold.etag] + (hold.isRetaken ? ["retaken"] : [])
    case .formerHold(let source, _, let lines):
      return ["committed", "former"] + lines.map(\.id) + (source.isRetaken ? ["retaken"] : [])
    case .changedBuffers(let count): return ["changed", "\(count)"]
    case .sale(let lines, let oversold):
      var words = ["ok"]
      if oversold > 0 { words += ["oversold", "\(oversold)"] }
      for line in lines {
        let places = line.allocations.map { "\(pool.record(of: $0.location).location)=\($0.taken)" }
        words.append("\(line.id)[\(places.joined(separator: ","))]")
      }
      return words
    }
  }

  func name(of error: PoolError) -> String {
    switch error {
    case .holdEnded(_, let state): "holdEnded:\(state)"
    case .locationNotServing(let location, let channel): "notServing:\(location):\(channel)"
    case .insufficientStock(let short): "short:\(short.present)/\(short.requested)"
    case .promotion(.clashes(_, let clashes, _)):
      "clashes:" + clashes.map { "\($0.kind)" }.joined(separator: ",")
    case .promotion(.wrongState(_, let state)): "wrongState:\(state)"
    case .promotion(let error): String("\(error)".prefix { $0 != "(" })
    case .holdChanged(let known): "holdChanged:\(known.etag)"
    case .holdLimit(let excess): "\(excess.measure):\(excess.present)/\(excess.maximum)"
    case .saleShipped(_, _, let open): "saleShipped:\(open)"
    case .notCommitted(_, _, let open): "notCommitted:\(open)"
    case .document(let error): documentErrorName(error)
    case .lot(let error): "lot:" + String("\(error)".prefix { $0 != "(" })
    case .bundle(let error): "bundle:" + String("\(error)".prefix { $0 != "(" })
    default: String("\(error)".prefix { $0 != "(" })
    }
  }
}

/// `name:SKU@location` or `quantity:SKU@location`.
struct Demand {
  var name: String
  var sku = SKU(trusted: "TEE")
  var location: LocationID?

  init(_ text: String) {
    var rest = text[...]
    if let at = rest.firstIndex(of: "@") {
      location = LocationID(trusted: String(rest[rest.index(after: at)...]))
      rest = rest[..<at]
    }
    if let colon = rest.firstIndex(of: ":") {
      sku = SKU(trusted: String(rest[rest.index(after: colon)...]))
      rest = rest[..<colon]
    }
    name = String(rest)
  }

  var quantity: Quantity { Quantity(name) ?? 0 }
}

extension StringProtocol where SubSequence == Substring {
  var words: [String] { split(separator: Character(" ")).map { String($0) } }

  func components(separator: String) -> [String] {
    guard let range = firstRange(of: separator) else { return [String(self)] }
    return [String(self[..<range.lowerBound]), String(self[range.upperBound...])]
  }
}

/// Checks a script against a fresh pool with `onHand` TEEs at location A, and what always has to
/// hold.
func check(
  onHand: Quantity = 0, locations: [(String, Int32)] = [("A", 1), ("B", 2)],
  moreSKUs: [String] = [], _ script: String,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let machine = try Script(onHand: onHand, locations: locations, moreSKUs: moreSKUs)
  try machine.run(script: script, sourceLocation: sourceLocation)
  expectFold(machine.pool, machine.entries, sourceLocation)
}

/// The state is the sum of the ledger and the catalogue.
func expectFold(
  _ pool: Pool, _ entries: [LedgerEntry], _ place: SourceLocation = #_sourceLocation
) {
  let copy = Pool()
  for index in 0..<pool.skuCount { copy.load(pool.record(of: SKUIndex(index))) }
  for location in pool.locations { copy.load(location) }
  for buffer in pool.buffers.all { copy.load(buffer) }
  for bundle in pool.bundles.definitions.values { copy.load(bundle) }
  for lot in pool.lots.all { copy.load(lot) }
  for document in pool.documents.values { copy.load(document) }
  for sourcing in pool.sourcings.all { copy.load(sourcing) }
  for lock in pool.lastUnits.all { copy.load(lock) }
  for promotion in pool.promotions.promotions { copy.load(promotion) }
  for (place, allotment) in pool.promotions.allotments.enumerated() {
    copy.load(
      Allotment(
        promotion: allotment.promotion, sku: allotment.sku, quantity: allotment.quantity),
      at: place)
  }
  for entry in entries { copy.replay(entry) }
  copy.advance(to: pool.now)
  #expect(copy.state == pool.state, "the ledger's sum is another state", sourceLocation: place)
  for (number, entry) in entries.enumerated() {
    let expected = number == 0 ? 1 : entries[number - 1].lastSequence + 1
    #expect(entry.firstSequence == expected, "a gap in the ledger", sourceLocation: place)
  }
}
