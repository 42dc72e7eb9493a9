internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
internal import Protobuf
public import RPCCore
internal import StorageCore

/// Stock counts, on the pool's one writer.
public final class CountServer: CountServiceHandler {
  private let pool: PoolServer

  init(_ pool: PoolServer) {
    self.pool = pool
  }

  public func openCount(
    _ request: OpenCountRequest, context: ServerContext
  ) async throws -> OpenCountResponse {
    var check = RequestCheck()
    let command = OpenCount(
      id: check.countID(request.countID),
      location: check.identifier(LocationID.self, request.locationID, "location_id"),
      skus: check.skus(request.skus, in: 0...Limits.countLines),
      toleratedUnits: check.quantity(
        request.toleratedUnits, "tolerated_units", in: 0...Limits.lineUnits),
      toleratedPoints: check.basisPoints(request.toleratedBasisPoints, "tolerated_basis_points"))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .openCount(command), for: request, id: request.requestID, context
    ) { OpenCountResponse(sheet: sheet($0, $1)) }
  }

  public func getCountSheet(
    _ request: GetCountSheetRequest, context: ServerContext
  ) async throws -> GetCountSheetResponse {
    GetCountSheetResponse(sheet: try await find(request.countID, context, sheet))
  }

  public func reportCount(
    _ request: ReportCountRequest, context: ServerContext
  ) async throws -> ReportCountResponse {
    var check = RequestCheck()
    var command = ReportCount(
      id: check.countID(request.countID),
      reportID: check.identifier(ReportID.self, request.reportID, "report_id"),
      lines: check.reported(request.lines), actor: check.actor(request.actor))
    if let time = request.countTime, time > clockNow {
      check.refuse("count_time", "It is in the future.")
    }
    check.requestID(request.requestID)
    try check.finish()
    if let time = request.countTime { try await command.look(back: time, pool, context) }
    return try await pool.perform(
      .reportCount(command), for: request, id: request.requestID, context
    ) { ReportCountResponse(sheet: sheet($0, $1)) }
  }

  public func submitCount(
    _ request: SubmitCountRequest, context: ServerContext
  ) async throws -> SubmitCountResponse {
    var check = RequestCheck()
    let command = SubmitCount(
      id: check.countID(request.countID), leavesUncounted: request.leaveUncounted)
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .submitCount(command), for: request, id: request.requestID, context
    ) { SubmitCountResponse(sheet: sheet($0, $1)) }
  }

  public func requestRecount(
    _ request: RequestRecountRequest, context: ServerContext
  ) async throws -> RequestRecountResponse {
    var check = RequestCheck()
    let command = Recount(
      id: check.countID(request.countID),
      skus: check.skus(request.skus, in: 1...Limits.documentLines))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(.recount(command), for: request, id: request.requestID, context) {
      RequestRecountResponse(count: count($0, $1))
    }
  }

  public func approveCount(
    _ request: ApproveCountRequest, context: ServerContext
  ) async throws -> ApproveCountResponse {
    var check = RequestCheck()
    let command = EndDocument(
      id: check.countID(request.countID), reason: check.reason(request.reason),
      actor: check.actor(request.actor))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .approveCount(command), for: request, id: request.requestID, context
    ) { ApproveCountResponse(count: count($0, $1)) }
  }

  public func cancelCount(
    _ request: CancelCountRequest, context: ServerContext
  ) async throws -> CancelCountResponse {
    var check = RequestCheck()
    let command = EndDocument(
      id: check.countID(request.countID), reason: check.reason(request.reason),
      actor: check.actor(request.actor))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .cancelCount(command), for: request, id: request.requestID, context
    ) { CancelCountResponse(count: count($0, $1)) }
  }

  public func getCount(
    _ request: GetCountRequest, context: ServerContext
  ) async throws -> GetCountResponse {
    GetCountResponse(count: try await find(request.countID, context, count))
  }

  public func listCounts(
    _ request: ListCountsRequest, context: ServerContext
  ) async throws -> ListCountsResponse {
    let page = try await pool.documents(
      .count, openOnly: request.openOnly, pageSize: request.pageSize, pageToken: request.pageToken,
      context)
    var counts = try pool.named(page.documents, count)
    for place in counts.indices { counts[place].lines = [] }
    return ListCountsResponse(counts: counts, nextPageToken: page.nextToken)
  }

  private var clockNow: Timestamp { pool.clock.now() }

  private func find<T: Sendable>(
    _ text: String, _ context: ServerContext, _ make: (Document, ReadModel.State) -> T
  ) async throws -> T {
    var check = RequestCheck()
    let id = check.countID(text)
    try check.finish()
    let found = try await pool.document(DocumentKey(id), context)
    return try pool.named([found], make)[0]
  }
}

extension RequestCheck {
  fileprivate mutating func countID(_ text: String) -> CountID {
    identifier(CountID.self, text, "count_id")
  }

  fileprivate mutating func skus(_ texts: [String], in range: ClosedRange<Int>) -> [SKU] {
    count(texts, "skus", in: range)
    guard texts.count <= range.upperBound else { return [] }
    var known: Set<String> = []
    return texts.enumerated().map { number, text in
      if !known.insert(text).inserted {
        refuse("skus[\(number)]", "\(text) comes a second time.")
      }
      return identifier(SKU.self, text, "skus[\(number)]")
    }
  }

  fileprivate mutating func reported(_ lines: [ReportCountRequest.Line]) -> [ReportCount.Line] {
    var known: Set<String> = []
    return self.lines(lines, atMost: Limits.documentLines) { check, line, path in
      if !known.insert(line.sku).inserted {
        check.refuse("\(path).sku", "\(line.sku) comes a second time.")
      }
      return ReportCount.Line(
        sku: check.identifier(SKU.self, line.sku, "\(path).sku"),
        counted: check.quantity(
          line.countedCount, "\(path).counted_count", in: 0...Limits.lineUnits))
    }
  }
}

private func sheet(_ document: Document, _ names: some Names) -> CountSheet {
  let count = unwrapped(document)
  return CountSheet(
    countID: count.id.text, locationID: names.name(of: count.location),
    state: .init(rawValue: Int32(count.state.rawValue)),
    lines: count.lines.map {
      CountSheet.Line(
        sku: names.name(of: $0.sku), counted: $0.isCounted, toBeRecounted: $0.isToBeRecounted)
    }, wholeLocation: count.isWhole)
}

private func count(_ document: Document, _ names: some Names) -> PoolAPI.StockCount {
  let count = unwrapped(document)
  return PoolAPI.StockCount(
    countID: count.id.text, locationID: names.name(of: count.location),
    wholeLocation: count.isWhole, state: .init(rawValue: Int32(count.state.rawValue)),
    lines: count.lines.map { line in
      StockCountLine(
        sku: names.name(of: line.sku), onHandAtOpeningCount: line.onHandAtOpening,
        looks: line.looks.map {
          StockCountLine.Look(
            countedCount: $0.counted, expectedCount: $0.expected, sequence: $0.sequence,
            lookTime: $0.time, actor: $0.actor)
        },
        toBeRecounted: line.isToBeRecounted, varianceCount: line.variance,
        toleranceCount: count.tolerance(of: line))
    },
    toleratedUnits: count.toleratedUnits, toleratedBasisPoints: count.toleratedPoints,
    openSequence: count.openSequence, reason: count.reason, createTime: count.header.createTime,
    updateTime: count.header.updateTime)
}

private func unwrapped(_ document: Document) -> PoolDomain.StockCount {
  guard case .count(let count) = document else {
    preconditionFailure("\(document.key) is no count")
  }
  return count
}
