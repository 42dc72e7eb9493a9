internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension PoolServer {
  /// Reads a page, sends it, and waits until the caller has room for the next: no more than one page
  /// is in memory however long the ledger is.
  public func exportMovements(
    _ request: ExportMovementsRequest, responses: ResponseWriter<ExportMovementsResponse>,
    context: ServerContext
  ) async throws {
    guard var filter = try movementFilter(request) else { return }
    var isFirst = true
    while true {
      let (next, tellsArchives) = (filter, isFirst)
      let (page, archives) = try await database.read(until: context.deadline) { transaction in
        let reader = LedgerReader(transaction)
        return (try next.page(reader), try tellsArchives ? reader.archives(after: next.after) : [])
      }
      try await responses.write(
        ExportMovementsResponse(
          movements: messages(page.movements), throughSequence: page.through,
          archives: archives.map { PoolAPI.LedgerArchive($0) }))
      isFirst = false
      if page.isLast { return }
      filter.after = page.through
    }
  }

  /// Nil when nothing can fit: a name that is not known has no movements.
  private func movementFilter(_ request: ExportMovementsRequest) throws -> MovementFilter? {
    var check = RequestCheck()
    let sku = check.optionalIdentifier(SKU.self, request.sku, "sku")
    let location = check.optionalIdentifier(LocationID.self, request.locationID, "location_id")
    let order = check.optionalIdentifier(OrderID.self, request.orderID, "order_id")
    check.integer(request.afterSequence, "after_sequence", in: 0...Int64.max)
    check.integer(request.throughSequence, "through_sequence", in: 0...Int64.max)
    if let start = request.startTime, let end = request.endTime, end < start {
      check.refuse("end_time", "It is before start_time.")
    }
    try check.finish()
    return view.read { state in
      let skuIndex = sku.flatMap { state.skuIndices[$0] }
      let place = location.flatMap { id in state.locations.first { $0.location == id } }
      if sku != nil, skuIndex == nil { return nil }
      if location != nil, place == nil { return nil }
      // What is committed while the export runs is for the next one.
      let last = request.throughSequence == 0 ? Int64.max : request.throughSequence
      return MovementFilter(
        sku: skuIndex, location: place?.index, order: order, start: request.startTime,
        end: request.endTime, after: request.afterSequence, through: min(last, state.sequence),
        size: ServiceLimits.exportedMovements, skuCount: state.skuCount,
        locationCount: state.locationCount)
    }
  }
}
