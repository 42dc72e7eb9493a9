import Primitives

/// What a person would keep on paper: units on each shelf and apart, who holds some, what each order has taken, what is
/// on its way, and what promotions keep. Held, committed, available and what a channel shows are sums over these.
///
/// It knows no disk, no batches, and no choice of locations (`Shelf`).
struct Model {
  struct Units: Equatable {
    var shelf: String
    var quantity: Quantity
  }

  /// Units out of one promotion's allotment.
  struct Use: Equatable {
    var promotion: String
    var quantity: Quantity
  }

  /// What one line of an order takes from a shelf: of a bundle, each component has a part.
  struct Part: Equatable {
    var shelf: String
    /// In one of what was sold.
    var units: Quantity = 1
    var uses: [Use] = []
  }

  struct Line: Equatable {
    /// A shelf or a bundle.
    var ware: String
    var parts: [Part]
    var sold: Quantity = 0
    var cancelled: Quantity = 0
    var shipped: Quantity = 0
    var returned: Quantity = 0
    var open: Quantity { sold - cancelled - shipped }
  }

  struct Order: Equatable {
    var lines: [String: Line] = [:]
    /// The hold that it was, which had its first lines.
    var hold = ""
    var heldLineCount = 0
  }

  /// Who may sell the last units.
  struct Lock: Equatable {
    var channel: String
    var units: Quantity
  }

  /// The first answer to a request.
  struct Answer {
    var command: String
    var words: String
    var time: Timestamp
  }

  /// Why a command is not done, by the error's reason.
  struct Refusal: Error, Equatable {
    var reason: String
    init(_ reason: String) { self.reason = reason }
  }

  static let day = Duration.seconds(24 * 3600)

  var onHand: [String: Quantity] = [:]
  var unavailable: [String: Quantity] = [:]
  var holds: [String: Hold] = [:]
  var orders: [String: Order] = [:]
  /// What SKUs are called; their keys are all SKUs.
  var names: [String: String] = [:]
  /// Units that `SKU|channel` hides.
  var buffers: [String: Quantity] = [:]
  /// The last units that one channel alone may sell, by SKU; those of each other under no name.
  var locks: [String: Lock] = [:]
  /// Of shelves on which some came.
  var lots: [String: [Lot]] = [:]
  var counts: [String: StockCount] = [:]
  /// The till's; nil while it has none of its own.
  var sourcing: Sourcing?
  /// Nil while anything may be set aside.
  var caps: Caps?
  /// What is in a bundle.
  var bundles: [String: [Units]] = [:]
  var promotions: [String: Promotion] = [:]
  /// Purchase orders and transfers.
  var documents: [String: Document] = [:]
  /// How often an owner's hold gave units to another request of the owner: that it did is to be seen.
  var takeOverCount = 0
  private(set) var now = Timestamp.zero
  /// Of the last day, and those that are kept for ever, by request ID.
  private var answers: [String: Answer] = [:]
  private var keptAnswers: [String: Answer] = [:]
  /// Rows of the ledger, and the last time that is on disk: to there the pool's time falls back in a crash.
  private(set) var rowCount: Int64 = 0
  private var durableTime = Timestamp.zero
  /// Whether the command at hand has moved units.
  private var hasMoved = false

  // MARK: Sums

  /// All shelves.
  var shelves: [String] { names.keys.sorted().filter { bundles[$0] == nil }.flatMap(Shelf.all) }

  var held: [String: Quantity] {
    holds.values.filter { $0.state == .held }.flatMap(\.lines).reduce(into: [:]) {
      $0[$1.shelf, default: 0] += $1.quantity
    }
  }

  var committed: [String: Quantity] {
    orders.values.flatMap(\.lines.values).reduce(into: [:]) { sums, line in
      for part in line.parts { sums[part.shelf, default: 0] += line.open * part.units }
    }
  }

  /// On hand, neither held nor committed.
  var available: [String: Quantity] {
    onHand.merging(held.merging(committed, uniquingKeysWith: +).mapValues { -$0 }) { $0 + $1 }
  }

  /// Wares as what they take from shelves. In a hold, a bundle stays what it was when the hold got it.
  func parts(of wanted: [Units], in hold: Hold? = nil) -> [Units] {
    wanted.flatMap { units -> [Units] in
      guard let inside = hold?.kits[units.shelf] ?? inside(units.shelf) else { return [units] }
      return inside.map { Units(shelf: $0.shelf, quantity: $0.quantity * units.quantity) }
    }
  }

  /// The same for a hold that is asked for once more: what it had on a shelf of its own at first was no bundle then.
  func parts(of wanted: [Units], asFirstIn hold: Hold) -> [Units] {
    wanted.flatMap { units in
      hold.first.contains { $0.shelf == units.shelf } ? [units] : parts(of: [units], in: hold)
    }
  }

  /// What is in a bundle now; nil for what is none.
  func inside(_ ware: String) -> [Units]? { bundles[ware].map { parts(of: $0).summed } }

  // MARK: Time

  /// Ends holds whose time is over.
  mutating func advance(to time: Timestamp) {
    now = max(now, time)
    for (id, hold) in holds where hold.state == .held && hold.expiry <= now {
      end(id, as: .expired)
      noteRow()
    }
    expireLots()
    for (id, hold) in holds {
      if let end = hold.end, end + Self.day <= now { holds[id]?.isForgotten = true }
    }
  }

  /// Every change of a count says so.
  mutating func move() { hasMoved = true }

  /// What is on disk with its time, though it has no row.
  mutating func noteTime() { durableTime = now }

  mutating func noteRow() {
    rowCount += 1
    durableTime = now
    hasMoved = false
  }

  /// What a crash does to it: time that left nothing on disk is forgotten.
  mutating func fallBack() { now = durableTime }

  /// What readers see after it: the rules of the time that the clock says, though nothing has been decided yet.
  func seen(at time: Timestamp) -> Model {
    var model = self
    model.now = max(now, time)
    return model
  }

  // MARK: Decisions

  /// Decides a request as the pool has to.
  mutating func decide(_ request: SimulatedRequest) -> Outcome {
    if let batch = request.command as? SellMany { return batch.decide(request, in: &self) }
    if request.isLate { return .refused("DEADLINE_PASSED") }
    let command = request.command
    if let known = answer(to: request) {
      return known.command == "\(command)" ? .done(known.words) : .refused("REQUEST_ID_REUSED")
    }
    var next = self
    next.hasMoved = false
    do throws(Refusal) {
      let words = try command.apply(to: &next)
      if next.hasMoved || !request.id.isEmpty { next.noteRow() }
      if !request.id.isEmpty {
        let answer = Answer(command: "\(command)", words: words, time: next.now)
        next.answers[request.id] = answer
        if command.isRememberedForEver { next.keptAnswers[request.id] = answer }
      }
      self = next
      return .done(words)
    } catch {
      return .refused(error.reason)
    }
  }

  /// The answer that was given to its ID before.
  func answer(to request: SimulatedRequest) -> Answer? {
    // Each of its sales has an ID of its own.
    if request.command is SellMany { return nil }
    if let known = answers[request.id], known.time + Self.day > now { return known }
    return request.command.isRememberedForEver ? keptAnswers[request.id] : nil
  }
}

extension [Model.Units] {
  /// Those of one shelf in one, in the order in which each first comes.
  var summed: [Model.Units] {
    reduce(into: []) { sums, units in
      if let place = sums.firstIndex(where: { $0.shelf == units.shelf }) {
        sums[place].quantity += units.quantity
      } else {
        sums.append(units)
      }
    }
  }
}

/// How a request ended.
enum Outcome: Equatable {
  case done(String)
  case refused(String)
  /// Nobody knows whether it was done.
  case unknown
}
