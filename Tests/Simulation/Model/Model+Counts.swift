import Primitives

extension Model {
  /// A stock count: what the books had at the moment of each look, and what was seen.
  struct StockCount: Equatable {
    struct Line: Equatable {
      var shelf: String
      var lookCount = 0
      var variance: Quantity = 0
    }

    var lines: [Line]
    var state = "open"
    var reports: [String: [Units]] = [:]

    var location: String { Shelf.location(lines[0].shelf) }
    var isEnded: Bool { state == "posted" || state == "cancelled" }
  }

  func count(_ id: String) throws(Refusal) -> StockCount {
    guard let known = counts[id] else { throw Refusal("COUNT_UNKNOWN") }
    return known
  }

  mutating func open(_ id: String, _ shelves: [String]) throws(Refusal) {
    let count = StockCount(lines: shelves.map { StockCount.Line(shelf: $0) })
    if let known = counts[id] {
      guard known.lines.map(\.shelf) == shelves else { throw Refusal("COUNT_EXISTS") }
      return
    }
    let isOpenElsewhere = counts.values.contains { other in
      !other.isEnded && other.lines.contains { shelves.contains($0.shelf) }
    }
    if isOpenElsewhere { throw Refusal("COUNT_OVERLAPS") }
    counts[id] = count
  }

  /// Sales before a look and after it make no difference: it is compared with what was there at that moment.
  mutating func report(_ id: String, _ name: String, _ seen: [Units]) throws(Refusal) {
    var known = try count(id)
    if let report = known.reports[name] {
      guard report == seen else { throw Refusal("REPORT_EXISTS") }
      return
    }
    guard known.state == "open" else { throw Refusal("COUNT_STATE") }
    for units in seen {
      guard let place = known.lines.firstIndex(where: { $0.shelf == units.shelf }) else {
        throw Refusal("COUNT_LINE_UNKNOWN")
      }
      known.lines[place].lookCount += 1
      known.lines[place].variance = units.quantity - onHand[units.shelf, default: 0]
    }
    known.reports[name] = seen
    counts[id] = known
  }

  mutating func submit(_ id: String) throws(Refusal) {
    let known = try count(id)
    switch known.state {
    case "open":
      guard known.lines.allSatisfy({ $0.lookCount > 0 }) else { throw Refusal("COUNT_INCOMPLETE") }
      counts[id]?.state = "submitted"
    case "cancelled": throw Refusal("COUNT_STATE")
    default: break
    }
  }

  mutating func approve(_ id: String, reason: String) throws(Refusal) {
    let known = try count(id)
    if known.state == "posted" { return }
    guard known.state == "submitted" else { throw Refusal("COUNT_STATE") }
    for line in known.lines where line.variance != 0 {
      if line.lookCount == 1, reason.isEmpty { throw Refusal("VARIANCE_OVER_TOLERANCE") }
      guard line.variance > 0 || onHand[line.shelf, default: 0] + line.variance >= 0 else {
        throw Refusal("INSUFFICIENT_STOCK")
      }
      if line.variance > 0 {
        onHand[line.shelf, default: 0] += line.variance
      } else {
        leave(line.shelf, -line.variance)
      }
      move()
    }
    counts[id]?.state = "posted"
  }

  mutating func cancelCount(_ id: String) throws(Refusal) {
    let known = try count(id)
    if known.state == "posted" { throw Refusal("COUNT_STATE") }
    counts[id]?.state = "cancelled"
  }
}
