import Primitives

extension Model {
  /// Units of a shelf in a hold; `use` says how many of them are out of an allotment.
  struct HoldLine: Equatable {
    var shelf: String
    var quantity: Quantity
    var use: Use?
    /// Whether its location was asked for.
    var isPlaced = false

    /// Takes units out, allotted ones first.
    mutating func split(_ units: Quantity) -> HoldLine {
      let allotted = min(units, use?.quantity ?? 0)
      let part = HoldLine(
        shelf: shelf, quantity: units, use: use?.of(allotted), isPlaced: isPlaced)
      quantity -= units
      use = use?.of((use?.quantity ?? 0) - allotted)
      return part
    }
  }

  struct Hold: Equatable {
    enum State: String { case held, committed, released, expired }

    var owner: String
    var channel: String
    var lines: [HoldLine]
    /// What it was made of.
    var first: [HoldLine] = []
    var made: Timestamp
    var expiry: Timestamp
    /// Another one after everything that happens to it.
    var version: Int
    var state = State.held
    var end: Timestamp?
    var order = ""
    /// It had expired, and its units were taken again.
    var isRetaken = false
    /// What is in its bundles.
    var kits: [String: [Units]] = [:]
    /// A day after its end the pool may have forgotten it.
    var isForgotten = false

    var bound: Bound { channel.isEmpty ? .available : .shown }
  }

  /// One that was not forgotten.
  func known(_ hold: String) -> Hold? { holds[hold].flatMap { $0.isForgotten ? nil : $0 } }

  func heldHold(_ id: String) throws(Refusal) -> Hold {
    guard let known = known(id) else { throw Refusal("HOLD_UNKNOWN") }
    guard known.state == .held else { throw Refusal("HOLD_ENDED") }
    return known
  }

  /// Ends it; unless they are committed, its units go back.
  mutating func end(_ id: String, as state: Hold.State) {
    if state != .committed { for line in holds[id]?.lines ?? [] { giveBack(line) } }
    holds[id]?.state = state
    holds[id]?.end = now
    holds[id]?.version += 1
    move()
  }

  /// Takes units out of a hold, the last line first; false when there are not so many, and nothing is changed then.
  mutating func take(_ units: Units, outOf id: String) -> Bool {
    guard var lines = holds[id]?.lines else { return false }
    var left = units.quantity
    var parts: [HoldLine] = []
    for place in lines.indices.reversed() where lines[place].shelf == units.shelf && left > 0 {
      let part = lines[place].split(min(left, lines[place].quantity))
      left -= part.quantity
      parts.append(part)
    }
    guard left == 0 else { return false }
    holds[id]?.lines = lines.filter { $0.quantity > 0 }
    for part in parts { giveBack(part) }
    return true
  }

  /// Puts units into a hold: with those of its kind, or behind the others.
  mutating func put(_ line: HoldLine, into id: String) {
    let place = holds[id]?.lines.firstIndex {
      $0.shelf == line.shelf && $0.use?.promotion == line.use?.promotion
    }
    guard let place else { return holds[id]?.lines.append(line) ?? () }
    holds[id]?.lines[place].quantity += line.quantity
    if line.isPlaced { holds[id]?.lines[place].isPlaced = true }
    holds[id]?.lines[place].use?.quantity += line.use?.quantity ?? 0
  }

  /// After an edit or a take-over: a hold that is left with nothing is released, and says what it had.
  mutating func finishChange(of id: String, from before: Hold) {
    guard holds[id]?.lines != before.lines else { return }
    holds[id]?.version += 1
    move()
    guard holds[id]?.lines.isEmpty ?? false else { return }
    end(id, as: .released)
    holds[id]?.lines = before.lines
  }
}

extension Model.Use {
  func of(_ units: Quantity) -> Model.Use? {
    units > 0 ? Model.Use(promotion: promotion, quantity: units) : nil
  }
}
