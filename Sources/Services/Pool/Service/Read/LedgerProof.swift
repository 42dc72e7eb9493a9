internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Follows the ledger from its beginning, adds it up and compares, while the pool serves.
///
/// 1. It reads up to the mark, part by part. There every balance as it was swept must be the sum, or
///    have counted later movements.
/// 2. It reads the sales and holds that are kept, which are compared in the same way (`RecordProof`).
/// 3. It takes down what every balance in memory claims: it is the sum, or has counted later movements.
/// 4. It reads on until every claim of later movements was met.
/// 5. It goes over the ledger again for those sales and holds that want a closer look.
/// 6. It reads the tables beside the ledger, of which each row has its seal.
///
/// So that only the sums are kept and the few claims that are open. Lots, and what was taken out of allotments, are
/// compared in the same way, and each run of request keys with the rows that it is of.
struct LedgerProof: Sendable {
  /// Which SKUs it adds up: those whose number leaves `number` when divided by `count`.
  struct Share: Hashable, Sendable {
    static let whole = Share(number: 0, count: 1)
    var number: Int
    var count: Int

    func has(_ sku: SKUIndex) -> Bool { sku.int % count == number }
  }

  private enum Phase { case begin, toMark, records, onward, again, seals, done }

  private struct Key: Hashable {
    var sku: SKUIndex
    var location: LocationIndex
  }

  private struct Claim {
    var counts: Balance
    var source: String
  }

  private(set) var movementCount: Int64 = 0
  private(set) var rowCount: Int64 = 0
  private(set) var balanceCount = 0
  /// Where it began: at the end of the archives.
  private(set) var start = LedgerHead.origin
  /// The place up to which it was proved.
  private(set) var head = LedgerHead.origin
  private(set) var difference: String?
  /// The first row that is not the one that was written; 0 when there is none.
  private(set) var badRow: Int64 = 0
  /// Whether the difference is one from what the caller expects, and not of the store with itself.
  private(set) var isUnexpectedHead = false
  var isFinished: Bool { phase == .done }
  /// Whether memory does not show yet what was read last.
  private(set) var isWaiting = false

  private let view: ReadModel
  private let share: Share
  /// A place that somebody has kept and that must be the same still.
  private let expected: LedgerHead?
  private var phase = Phase.begin
  private var places: [Key: Int32] = [:]
  private var sums: [Balance] = []
  private var claims: [Key: [Claim]] = [:]
  /// Where the ledger ended when the claims were taken down.
  private var lastRow: Int64 = 0
  private var runs = RunProof()
  /// Nil, both, when it is not known what the archives add up to.
  private var lots: LotProof?
  private var allotments: AllotmentProof?
  private var seals = SealProof()
  private var records: RecordProof
  private var passes: [RecordPass] = []

  init(_ view: ReadModel, share: Share = .whole, expected: LedgerHead? = nil) {
    self.view = view
    self.share = share
    self.expected = expected
    records = RecordProof(holdCount: view.readRecords { records, _ in records.holds.count })
  }

  /// Reads the next part of the ledger.
  mutating func advance(_ reader: LedgerReader) throws {
    do {
      try step(reader)
    } catch let error as DamagedRecord {
      stop("\(error)")
    }
  }

  private mutating func step(_ reader: LedgerReader) throws {
    let base = try reader.base
    if phase == .toMark || phase == .records || phase == .onward, base.row > head.row {
      // The rows went into an archive meanwhile.
      self = LedgerProof(view, share: share, expected: expected)
    }
    if phase == .begin { try begin(at: base, reader) }
    let chain = LedgerChain(after: head, plainRow: try reader.plainRow)
    try runs.prepare(reader, from: head.row + 1)
    switch phase {
    case .begin: break
    case .toMark:
      let mark = try reader.sweptRow
      let count = try read(reader, chain, through: mark)
      guard !isFinished, count < ServiceLimits.provedRows || head.row == mark else { return }
      guard head.row == mark else { return stop(at: head.row + 1, "is missing") }
      // What is durable is to be seen in memory a moment later; after a commit that failed and is durable all the same,
      // once the store was read again.
      isWaiting = view.sequence < head.sequence
      guard !isWaiting else { return }
      try compareSwept(reader)
      guard !isFinished else { return }
      phase = .records
    case .records:
      note(try records.readRows(reader, at: head.sequence, after: start.sequence))
      guard !isFinished, records.hasReadRows else { return }
      phase = .onward
      compareMemory()
      lastRow = try reader.lastRow
      try claimParts(reader)
    case .onward:
      let count = try read(reader, chain, through: Int64.max)
      guard !isFinished, count < ServiceLimits.provedRows || hasMetAll else { return }
      finish(try reader.lastRow)
    case .again: try goAgain(reader)
    case .seals:
      try seals.advance(reader)
      if seals.isFinished { phase = .done }
    case .done: break
    }
  }

  private mutating func goAgain(_ reader: LedgerReader) throws {
    guard !passes.isEmpty else {
      phase = .seals
      return
    }
    note(try passes[0].advance(reader))
    if passes[0].isFinished { passes.removeFirst() }
  }

  /// Takes what the archives add up to for the sum so far.
  private mutating func begin(at base: LedgerHead, _ reader: LedgerReader) throws {
    if let expected, expected.row < base.row, let archive = try reader.archive(ofRow: expected.row)
    {
      throw LedgerError.archived(archive)
    }
    phase = .toMark
    start = base
    head = base
    if let parts = try reader.archivedParts {
      lots = LotProof(Array(parts.lots.lots.values), share)
      allotments = AllotmentProof(parts.taken.all, share)
    }
    try reader.archivedBalances { sum in
      let balance = sum.balance
      guard share.has(balance.sku) else { return }
      sums[place(of: Key(sku: balance.sku, location: balance.location))] = balance
    }
    compareExpected()
  }

  private mutating func compareExpected() {
    guard let expected, expected.row == head.row else { return }
    guard expected.hash == head.hash, expected.sequence == head.sequence else {
      isUnexpectedHead = difference == nil
      return stop(
        at: head.row,
        "is not the one of the expected head: it or a row before it was written anew")
    }
  }

  private var hasMetAll: Bool {
    claims.isEmpty && !records.hasClaims && !(lots?.hasClaims ?? false)
      && !(allotments?.hasClaims ?? false)
      && head.row >= max(lastRow, expected?.row ?? 0)
  }

  private mutating func note(_ difference: String?) {
    if let difference { stop(difference) }
  }

  private mutating func stop(_ words: String) {
    if difference == nil { difference = words }
    phase = .done
  }

  private mutating func stop(at row: Int64, _ problem: String) {
    badRow = row
    stop("\(BadRow(number: row, problem: problem))")
  }

  // MARK: The ledger

  private mutating func read(
    _ reader: LedgerReader, _ chain: LedgerChain, through last: Int64
  ) throws -> Int {
    var count = 0
    try reader.scan(from: head.row + 1, count: ServiceLimits.provedRows) { row in
      guard row.number <= last, !(phase == .onward && hasMetAll) else { return false }
      count += 1
      add(row, chain)
      return !isFinished
    }
    return count
  }

  private mutating func add(_ row: LedgerRow, _ chain: LedgerChain) {
    let entry: LedgerEntry
    do throws(BadRow) {
      entry = try chain.follow(row)
    } catch {
      return stop(at: error.number, error.problem)
    }
    head = chain.head
    rowCount += 1
    note(runs.compare(row))
    var sequence = entry.firstSequence
    for movement in entry.movements {
      movementCount += 1
      if share.has(movement.sku) { count(movement, sequence) }
      guard difference == nil else { return }
      sequence += 1
    }
    note(lots?.count(entry) ?? nil)
    note(records.count(entry))
    compareExpected()
  }

  private mutating func count(_ movement: Movement, _ sequence: Int64) {
    let key = Key(sku: movement.sku, location: movement.location)
    let place = place(of: key)
    sums[place].count(movement, sequence: sequence)
    let sum = sums[place]
    guard sum.isConsistent else {
      return stop("movement \(sequence) breaks the rules of its balance")
    }
    note(allotments?.count(movement, sequence) ?? nil)
    guard let open = claims[key] else { return }
    let left = open.filter { $0.counts.sequence > sequence }
    for claim in open where claim.counts.sequence <= sequence && claim.counts != sum {
      return differ(key, claim.source)
    }
    claims[key] = left.isEmpty ? nil : left
  }

  private mutating func place(of key: Key) -> Int {
    if let place = places[key] { return Int(place) }
    places[key] = Int32(sums.count)
    sums.append(Balance(sku: key.sku, location: key.location))
    return sums.count - 1
  }

  // MARK: What is claimed

  /// At the mark, in the same moment's state of the store.
  private mutating func compareSwept(_ reader: LedgerReader) throws {
    var met = 0
    try reader.sweptBalances { key, balance in
      guard let balance else {
        stop("\(key) is no key of a swept balance")
        return false
      }
      if share.has(balance.sku) { met += compare(balance, "as swept") }
      return !isFinished
    }
    guard !isFinished else { return }
    if met != sums.count {
      return stop("\(sums.count - met) balances were not swept that the mark says were")
    }
    note(allotments?.compare(try reader.allotments(), at: head.sequence, "as swept") ?? nil)
  }

  /// Notes what lots and allotments are, on disk and in memory, and compares what is due.
  private mutating func claimParts(_ reader: LedgerReader) throws {
    let memory = view.parts()
    note(allotments?.compare(memory.allotments, at: head.sequence, "in memory") ?? nil)
    guard lots != nil, !isFinished else { return }
    // Lots are written with their movements.
    let end = lastRow == start.row ? start.sequence : try reader.sequence(of: lastRow)
    lots?.claim(try reader.lots(), at: end, "as kept")
    lots?.claim(memory.lots, at: memory.sequence, "in memory")
    note(lots?.compare(at: head.sequence) ?? nil)
  }

  private mutating func compareMemory() {
    var next = 0
    var met = 0
    while let part = view.stocks(from: next, count: ServiceLimits.examinedSKUs) {
      for (number, stock) in part.enumerated() where share.has(SKUIndex(next + number)) {
        balanceCount += stock.balances.count
        for balance in stock.balances { met += compare(balance, "in memory") }
        guard stock.available == stock.balances.reduce(0, { $0 + $1.available }) else {
          return stop(
            "the available units of SKU number \(next + number) are not those of its balances")
        }
      }
      next += part.count
    }
    if !isFinished, met != sums.count {
      stop("memory has not all balances of which the ledger has movements")
    }
  }

  /// Compares a balance with what was added up so far, or notes what it claims of later movements.
  ///
  /// - Returns: 1 when there is a sum of it, else 0.
  private mutating func compare(_ balance: Balance, _ source: String) -> Int {
    guard balance.sequence > 0 else { return 0 }
    let key = Key(sku: balance.sku, location: balance.location)
    let place = places[key]
    if balance.sequence > head.sequence {
      claims[key, default: []].append(Claim(counts: balance, source: source))
    } else if place.map({ sums[Int($0)] }) != balance {
      differ(key, source)
    }
    return place == nil ? 0 : 1
  }

  private mutating func differ(_ key: Key, _ source: String) {
    stop(
      "the balance of SKU number \(key.sku.number) at location number \(key.location.number) "
        + "\(source) differs from the ledger at movement \(head.sequence)")
  }

  private mutating func finish(_ lastRow: Int64) {
    phase = .again
    passes = records.parts.map { RecordPass($0) }
    if let (key, open) = claims.first {
      return stop(
        "the balance of SKU number \(key.sku.number) at location number \(key.location.number) "
          + "\(open[0].source) claims movement \(open[0].counts.sequence), which the ledger has not"
      )
    }
    note(allotments?.openClaim ?? nil)
    note(records.openClaim)
    if lots?.hasClaims ?? false { stop("lots claim movements that the ledger has not") }
    note(runs.finish(lastRow))
    if let expected, expected.row > head.row {
      isUnexpectedHead = difference == nil
      stop(at: head.row + 1, "is missing: the expected head is row \(expected.row)")
    }
  }
}
