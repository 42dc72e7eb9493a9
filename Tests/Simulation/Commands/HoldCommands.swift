import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

struct HoldUnits: SimulatedCommand {
  var hold: String
  var owner: String
  var channel: String
  var wanted: [Model.Units]
  var expiry: Timestamp
  /// Where the customer is.
  var zone = ""
  var description: String {
    "hold \(hold) for \(owner) on \(channel) in \(zone): \(wanted.words) until \(expiry.microseconds)"
  }

  static func draw(_ hand: inout Hand) -> HoldUnits? {
    let known = hand.isLucky(8) ? hand.hold() : nil
    let hold = known ?? hand.name("h")
    var wanted = hand.wanted(for: hold)
    if let known = hand.model.holds[hold], hand.isLucky(2) {
      wanted = (hand.isLucky(4) ? known.lines : known.first).map {
        Model.Units(shelf: $0.shelf, quantity: $0.quantity)
      }
    }
    // What moves may come from either location.
    for place in wanted.indices where Shelf.sku(wanted[place].shelf) == Shelf.moving {
      if hand.isLucky(2) { wanted[place].shelf = Shelf.moving }
    }
    let zones = ["", "north", "south", "middle", "elsewhere"]
    // The model knows an owner's other holds on a shelf only where a SKU has one.
    let isMoving = wanted.contains { Shelf.sku($0.shelf) == Shelf.moving }
    return HoldUnits(
      hold: hold, owner: isMoving ? "owner of \(hold)" : hand.owner(),
      channel: hand.isLucky(2) ? "" : isMoving && hand.isLucky(2) ? Shelf.till : hand.channel(),
      wanted: wanted, expiry: hand.clock + .seconds(hand.span()),
      zone: zones.randomElement(using: &hand.random) ?? ""
    ).like(hand.model.holds[hold], hand.isLucky(2))
  }

  /// Asked again as it was asked for first.
  private func like(_ known: Model.Hold?, _ isSame: Bool) -> HoldUnits {
    guard let known, isSame else { return self }
    var command = self
    (command.owner, command.channel) = (known.owner, known.channel)
    return command
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> CreateHoldResponse {
    try await pool.createHold(
      .init(
        holdID: hold, owner: owner, lines: wanted.holdLines, expireTime: expiry,
        channelID: channel, requestID: requestID, zone: zone),
      context: context)
  }

  func words(_ response: CreateHoldResponse) -> String { response.hold.words }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    if let known = model.known(hold) {
      let units = model.parts(of: wanted, asFirstIn: known)
      guard known.owner == owner, known.channel == channel, known.first.have(units) else {
        throw Model.Refusal("HOLD_EXISTS")
      }
      return known.words
    }
    let units = model.parts(of: wanted)
    guard expiry > model.now, expiry <= model.now + .seconds(7 * 24 * 3600) else {
      throw Model.Refusal("INVALID_REQUEST")
    }
    var made = Model.Hold(
      owner: owner, channel: channel, lines: [], made: model.now, expiry: expiry,
      version: (model.holds[hold]?.version ?? 0) + 1)
    _ = try model.makeRoom(for: units, made.bound, on: channel, owner: owner)
    try model.checkCaps(units, owner: owner, isNew: true)
    made.lines = model.placed(units, on: channel, zone: zone)
    for place in made.lines.indices {
      made.lines[place].use = model.allot(
        made.lines[place].shelf, made.lines[place].quantity, on: channel)
    }
    for ware in wanted { made.kits[ware.shelf] = model.inside(ware.shelf) }
    made.first = made.lines
    model.holds[hold] = made
    model.move()
    return made.words
  }
}

struct ReleaseUnits: SimulatedCommand {
  var hold: String
  var description: String { "release \(hold)" }

  static func draw(_ hand: inout Hand) -> ReleaseUnits? {
    hand.hold().map { ReleaseUnits(hold: $0) }
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> ReleaseHoldResponse {
    try await pool.releaseHold(.init(holdID: hold, requestID: requestID), context: context)
  }

  func words(_ response: ReleaseHoldResponse) -> String { response.hold.words }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    guard let known = model.known(hold) else { throw Model.Refusal("HOLD_UNKNOWN") }
    switch known.state {
    case .committed, .expired: throw Model.Refusal("HOLD_ENDED")
    case .released: break
    case .held: model.end(hold, as: .released)
    }
    return model.holds[hold]?.words ?? ""
  }
}

/// Asks for a later end.
struct ExtendUnits: SimulatedCommand {
  var hold: String
  var expiry: Timestamp
  var description: String { "extend \(hold) until \(expiry.microseconds)" }

  static func draw(_ hand: inout Hand) -> ExtendUnits? {
    guard let hold = hand.hold(), hand.model.holds[hold]?.state == .held || hand.isLucky(6) else {
      return nil
    }
    // Now and then beyond the week that a hold may last.
    let span = hand.isLucky(8) ? hand.count(500_000...700_000) : hand.count(-20...120)
    return ExtendUnits(hold: hold, expiry: hand.clock + .seconds(span))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> ExtendHoldResponse {
    try await pool.extendHold(
      .init(holdID: hold, expireTime: expiry, requestID: requestID), context: context)
  }

  func words(_ response: ExtendHoldResponse) -> String { response.hold.words }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    var known = try model.heldHold(hold)
    guard expiry > known.expiry else { return known.words }
    guard expiry <= known.made + .seconds(7 * 24 * 3600) else {
      throw Model.Refusal("INVALID_REQUEST")
    }
    known.expiry = expiry
    known.version += 1
    model.holds[hold] = known
    model.move()
    return known.words
  }
}

/// Puts units into a hold and takes some out, at the version that the client has read.
struct EditUnits: SimulatedCommand {
  var hold: String
  var etag: String
  /// The model's name for the etag.
  var version: Int
  var deltas: [Model.Units]
  var description: String { "edit \(hold) at \(etag): \(deltas.words)" }

  static func draw(_ hand: inout Hand) -> EditUnits? {
    guard let hold = hand.hold(), let known = hand.model.holds[hold],
      known.state == .held || hand.isLucky(6), let version = hand.versions[hold]
    else { return nil }
    let isMoving = known.lines.contains { Shelf.sku($0.shelf) == Shelf.moving }
    let deltas = (1...hand.count(1...3)).map { _ -> Model.Units in
      let mine = known.lines.randomElement(using: &hand.random)?.shelf ?? ""
      if hand.isLucky(2) { return .init(shelf: mine, quantity: -hand.count(1...3)) }
      let ware = isMoving ? mine : hand.ware(for: hold)
      return .init(
        shelf: Shelf.sku(ware) == Shelf.moving && !isMoving ? mine : ware,
        quantity: hand.count(1...4))
    }
    return EditUnits(hold: hold, etag: version.etag, version: version.number, deltas: deltas)
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> EditHoldResponse {
    let lines = deltas.map {
      HoldDelta(
        sku: Shelf.sku($0.shelf), deltaCount: $0.quantity, locationID: Shelf.named($0.shelf))
    }
    return try await pool.editHold(
      .init(holdID: hold, etag: etag, lines: lines, requestID: requestID), context: context)
  }

  func words(_ response: EditHoldResponse) -> String { response.hold.words }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    let known = try model.heldHold(hold)
    guard known.version == version else { throw Model.Refusal("ETAG_MISMATCH") }
    let changes = model.parts(of: deltas, in: known).summed
    var given: [String: Quantity] = [:]
    for less in changes where less.quantity < 0 {
      given[less.shelf] = -less.quantity
      guard model.take(.init(shelf: less.shelf, quantity: -less.quantity), outOf: hold) else {
        throw Model.Refusal("INSUFFICIENT_STOCK")
      }
    }
    let more = changes.filter { $0.quantity > 0 }
    _ = try model.makeRoom(
      for: more, known.bound, on: known.channel, owner: known.owner, besides: hold, lent: given)
    try model.checkCaps(more, owner: known.owner, isNew: false)
    for units in more {
      let use = model.allot(units.shelf, units.quantity, on: known.channel)
      model.put(
        .init(
          shelf: units.shelf, quantity: units.quantity, use: use,
          isPlaced: !Shelf.named(units.shelf).isEmpty), into: hold)
    }
    for ware in deltas where ware.quantity > 0 && known.kits[ware.shelf] == nil {
      let inside = model.inside(ware.shelf)
      model.holds[hold]?.kits[ware.shelf] = inside
    }
    model.finishChange(of: hold, from: known)
    return model.holds[hold]?.words ?? ""
  }
}

extension PoolAPI.Hold? {
  var words: String {
    "\(self?.state ?? .unspecified) \(self?.lines.map(\.quantity) ?? []) "
      + "until \(self?.expireTime?.microseconds ?? 0)"
  }
}

extension Model.Hold {
  var words: String { "\(state) \(lines.map(\.quantity)) until \(expiry.microseconds)" }
}

extension [Model.Units] {
  var holdLines: [HoldLine] {
    map {
      HoldLine(
        sku: Shelf.sku($0.shelf), quantity: $0.quantity, locationID: Shelf.named($0.shelf))
    }
  }

  var sums: [String: Quantity] {
    Dictionary(map { ($0.shelf, $0.quantity) }, uniquingKeysWith: +)
  }
}

extension [Model.Units] {
  var sumsOfSKUs: [String: Quantity] {
    Dictionary(map { (Shelf.sku($0.shelf), $0.quantity) }, uniquingKeysWith: +)
  }
}

extension [Model.HoldLine] {
  var sumsOfSKUs: [String: Quantity] {
    Dictionary(map { (Shelf.sku($0.shelf), $0.quantity) }, uniquingKeysWith: +)
  }

  var sums: [String: Quantity] {
    Dictionary(map { ($0.shelf, $0.quantity) }, uniquingKeysWith: +)
  }
}
