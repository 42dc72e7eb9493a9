import Primitives

/// What a person would keep on paper: units of each SKU on hand and apart, who holds some, and what each order has
/// taken. Held, committed and available are sums over these.
///
/// It knows no locations (in the simulation each SKU lies at one), no disk and no batches.
struct Model {
  struct Hold: Equatable {
    enum State: String { case held, committed, released, expired }

    var owner: String
    var lines: [Units]
    var expiry: Timestamp
    var state = State.held
    var end: Timestamp?
    var order = ""
    /// A day after its end the pool may have forgotten it.
    var isForgotten = false
  }

  struct Units: Equatable {
    var sku: String
    var quantity: Quantity
  }

  struct Line: Equatable {
    var sku: String
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
  private(set) var now = Timestamp.zero
  /// Of the last day, and those that are kept for ever, by request ID.
  private var answers: [String: Answer] = [:]
  private var keptAnswers: [String: Answer] = [:]
  /// Rows of the ledger, and the time of the last: to where the pool's time falls back in a crash.
  private(set) var rowCount: Int64 = 0
  private var rowTime = Timestamp.zero
  /// Whether the command at hand has moved units.
  private var hasMoved = false

  // MARK: Sums

  func held(_ sku: String) -> Quantity {
    holds.values.reduce(0) { sum, hold in
      guard hold.state == .held else { return sum }
      return hold.lines.reduce(sum) { $1.sku == sku ? $0 + $1.quantity : $0 }
    }
  }

  func committed(_ sku: String) -> Quantity {
    orders.values.reduce(0) { sum, order in
      order.lines.values.reduce(sum) { $1.sku == sku ? $0 + $1.open : $0 }
    }
  }

  func available(_ sku: String) -> Quantity {
    onHand[sku, default: 0] - held(sku) - committed(sku)
  }

  /// How many of the wanted units are not there, lines of one SKU taken together.
  func missing(_ wanted: [Units]) -> Quantity {
    var sums: [String: Quantity] = [:]
    for units in wanted { sums[units.sku, default: 0] += units.quantity }
    return sums.reduce(0) { $0 + max(0, $1.value - max(0, available($1.key))) }
  }

  // MARK: Time

  /// Ends holds whose time is over.
  mutating func advance(to time: Timestamp) {
    now = max(now, time)
    for (id, hold) in holds where hold.state == .held && hold.expiry <= now {
      end(id, as: .expired)
      noteRow()
    }
    for (id, hold) in holds {
      if let end = hold.end, end + Self.day <= now { holds[id]?.isForgotten = true }
    }
  }

  mutating func end(_ hold: String, as state: Hold.State) {
    holds[hold]?.state = state
    holds[hold]?.end = now
    move()
  }

  /// Every change of a count says so.
  mutating func move() { hasMoved = true }

  private mutating func noteRow() {
    rowCount += 1
    rowTime = now
    hasMoved = false
  }

  /// What a crash does to it: time that left no row is forgotten.
  mutating func fallBack() { now = rowTime }

  // MARK: Decisions

  /// Decides a request as the pool has to.
  mutating func decide(_ request: SimulatedRequest) -> Outcome {
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
    if let known = answers[request.id], known.time + Self.day > now { return known }
    return request.command.isRememberedForEver ? keptAnswers[request.id] : nil
  }
}

/// How a request ended.
enum Outcome: Equatable {
  case done(String)
  case refused(String)
  /// Nobody knows whether it was done.
  case unknown
}
