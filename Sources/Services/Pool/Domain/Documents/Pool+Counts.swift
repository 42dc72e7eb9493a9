internal import Primitives

extension Pool {
  func open(_ command: OpenCount) throws(PoolError) -> Reply {
    let key = DocumentKey(command.id)
    let location = try catalog.index(command.location)
    var skus: [SKUIndex] = []
    for (number, sku) in command.skus.enumerated() {
      skus.append(try stockIndex(sku, line: number))
    }
    if case .count(let known)? = documents[key] {
      guard known.location == location, known.isWhole == skus.isEmpty,
        known.isWhole || known.lines.map(\.sku) == skus,
        known.toleratedUnits == command.toleratedUnits,
        known.toleratedPoints == command.toleratedPoints
      else { throw .document(.countExists(key)) }
      return .document(.count(known))
    }
    if skus.isEmpty {
      skus = balances.filter { $0.location == location && bundles.components(of: $0.sku) == nil }
        .map(\.sku).sorted()
      guard skus.count <= Limits.countLines else {
        throw .document(.tooManyLines(key, skus.count))
      }
    }
    try refuseOverlap(of: skus, isWhole: command.skus.isEmpty, at: location)
    return put(
      .count(
        StockCount(
          id: command.id, location: location, isWhole: command.skus.isEmpty,
          toleratedUnits: command.toleratedUnits, toleratedPoints: command.toleratedPoints,
          openSequence: sequence,
          lines: skus.map {
            StockCount.Line(sku: $0, onHandAtOpening: balance($0, location).onHand)
          }, header: DocumentHeader(now: now))))
  }

  /// Two counts that find the same units missing would take them away twice.
  private func refuseOverlap(
    of skus: [SKUIndex], isWhole: Bool, at location: LocationIndex
  ) throws(PoolError) {
    let wanted = Set(skus)
    let others = documents.values.compactMap { document -> StockCount? in
      guard case .count(let other) = document, other.location == location, !other.isEnded else {
        return nil
      }
      return other
    }
    for other in others.sorted(by: { $0.id < $1.id }) {
      if isWhole || other.isWhole { throw .document(.countOverlaps(other.key, nil)) }
      if let common = other.lines.first(where: { wanted.contains($0.sku) }) {
        throw .document(.countOverlaps(other.key, catalog.sku(common.sku)))
      }
    }
  }

  func report(_ command: ReportCount) throws(PoolError) -> Reply {
    var count = try count(command.id)
    var report = StockCount.Report(id: command.reportID, lines: [])
    for (number, line) in command.lines.enumerated() {
      report.lines.append(
        .init(sku: try stockIndex(line.sku, line: number), counted: line.counted))
    }
    if let known = count.reports.first(where: { $0.id == report.id }) {
      guard known == report else { throw .document(.reportExists(count.key, report.id)) }
      return .document(.count(count))
    }
    guard count.state == .open else { throw .document(.wrongState(count.key, .count(count.state))) }
    let looks = count.lines.reduce(command.lines.count) { $0 + $1.looks.count }
    guard count.reports.count < Limits.countReports, looks <= Limits.countLooks else {
      throw .document(.tooManyReports(count.key))
    }
    if let moment = command.moment {
      guard moment.time >= count.header.createTime else {
        throw .document(.countedBeforeOpening(count.key))
      }
    }
    var places = Dictionary(
      count.lines.enumerated().map { ($0.element.sku, $0.offset) }
    ) { first, _ in first }
    for (line, reported) in zip(command.lines, report.lines) {
      if places[reported.sku] == nil, count.isWhole {
        guard count.lines.count < Limits.countLines else {
          throw .document(.tooManyLines(count.key, count.lines.count + 1))
        }
        places[reported.sku] = count.lines.count
        count.lines.append(StockCount.Line(sku: reported.sku, onHandAtOpening: 0))
      }
      guard let place = places[reported.sku] else {
        throw .document(.lineUnknown(count.key, line.sku.text))
      }
      count.lines[place].looks.append(
        StockCount.Look(
          counted: line.counted,
          expected: line.onHandThen ?? balance(reported.sku, count.location).onHand,
          sequence: command.moment?.sequence ?? sequence, time: command.moment?.time ?? now,
          actor: command.actor))
      count.lines[place].isToBeRecounted = false
    }
    count.reports.append(report)
    count.header.change(at: now)
    return put(.count(count))
  }

  func submit(_ command: SubmitCount) throws(PoolError) -> Reply {
    var count = try count(command.id)
    switch count.state {
    case .submitted, .posted: return .document(.count(count))
    case .cancelled: throw .document(.wrongState(count.key, .count(count.state)))
    case .open: break
    }
    let missing = count.lines.filter { line in
      !line.isCounted && !(command.leavesUncounted && line.looks.isEmpty)
    }
    if let first = missing.first {
      throw .document(.countIncomplete(count.key, catalog.sku(first.sku), missing.count))
    }
    count.state = .submitted
    count.header.change(at: now)
    return put(.count(count))
  }

  func recount(_ command: Recount) throws(PoolError) -> Reply {
    var count = try count(command.id)
    guard count.state == .submitted || count.state == .open else {
      throw .document(.wrongState(count.key, .count(count.state)))
    }
    var changed = count
    changed.state = .open
    for (number, sku) in command.skus.enumerated() {
      let index = try catalog.index(sku, line: number)
      guard let place = changed.lines.firstIndex(where: { $0.sku == index }) else {
        throw .document(.lineUnknown(count.key, sku.text))
      }
      changed.lines[place].isToBeRecounted = true
    }
    guard changed != count else { return .document(.count(count)) }
    count = changed
    count.header.change(at: now)
    return put(.count(count))
  }

  /// Books what was found and what is missing, all of it in one entry.
  func approve(_ command: EndDocument<CountID>) throws(PoolError) -> Reply {
    var count = try count(command.id)
    switch count.state {
    case .posted: return .document(.count(count))
    case .open, .cancelled: throw .document(.wrongState(count.key, .count(count.state)))
    case .submitted: break
    }
    var entry = LedgerEntry(
      reason: command.reason.isEmpty ? "stock_count" : command.reason, actor: command.actor,
      cause: count.id.text)
    entry.details.document = count.key
    for line in count.lines where line.variance != 0 {
      let tolerance = count.tolerance(of: line)
      guard abs(line.variance) <= tolerance || line.looks.count > 1 || !command.reason.isEmpty
      else {
        let look = line.looks[line.looks.count - 1]
        throw .document(
          .varianceOverTolerance(
            count.key, catalog.sku(line.sku),
            DocumentError.Variance(
              expected: look.expected, counted: look.counted, tolerance: tolerance)))
      }
      let there = balance(line.sku, count.location).onHand
      guard line.variance > 0 || there + line.variance >= 0 else {
        throw .insufficientStock(
          PoolError.Shortage(
            sku: catalog.sku(line.sku), location: catalog.location(count.location),
            measure: .onHand, present: there, requested: -line.variance))
      }
      entry.movements.append(
        Movement(
          line.variance > 0 ? .found : .lost, line.sku, count.location, abs(line.variance)))
    }
    try checkMovements(entry.movements)
    count.state = .posted
    count.reason = command.reason
    count.header.change(at: now)
    post(entry)
    return put(.count(count))
  }

  func cancel(_ command: EndDocument<CountID>) throws(PoolError) -> Reply {
    var count = try count(command.id)
    switch count.state {
    case .cancelled: return .document(.count(count))
    case .posted: throw .document(.wrongState(count.key, .count(count.state)))
    case .open, .submitted:
      count.state = .cancelled
      count.reason = command.reason
      count.header.change(at: now)
      return put(.count(count))
    }
  }

  private func count(_ id: CountID) throws(PoolError) -> StockCount {
    guard case .count(let count)? = documents[DocumentKey(id)] else {
      throw .document(.unknown(DocumentKey(id)))
    }
    return count
  }
}
