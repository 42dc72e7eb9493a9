internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension AssortmentServer {
  public func setReorderPoint(
    _ request: SetReorderPointRequest, context: ServerContext
  ) async throws -> SetReorderPointResponse {
    var check = RequestCheck()
    let point = check.required(request.reorderPoint, "reorder_point") ?? PoolAPI.ReorderPoint()
    var command = SetReorderPoint(sku: SKU(trusted: point.sku), units: point.pointCount)
    if request.reorderPoint != nil {
      command.sku = check.identifier(SKU.self, point.sku, "reorder_point.sku")
      command.location = check.optionalIdentifier(
        LocationID.self, point.locationID, "reorder_point.location_id")
      if let units = point.pointCount {
        check.quantity(units, "reorder_point.point_count", in: 0...Limits.lineUnits)
      }
    }
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .setReorderPoint(command), for: request, id: request.requestID, context
    ) { reply, pool in
      guard case .reorderPoint(let point) = reply else {
        preconditionFailure("\(reply) is no reorder point")
      }
      let sku = point.scope.sku
      let standing = point.standing(
        available: pool.available(sku), balances: pool.balances(of: sku),
        incoming: pool.incomingUnits(of: sku))
      return SetReorderPointResponse(reorderPoint: PoolAPI.ReorderPoint(standing, pool))
    }
  }

  public func listReorderPoints(
    _ request: ListReorderPointsRequest, context: ServerContext
  ) async throws -> ListReorderPointsResponse {
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListReorderPoints \(request.dueOnly)"
    let token = try pool.pageToken(request.pageToken, scope: scope, partCount: 2)
    let after = token?.parts ?? ["", ""]
    let places = try await pool.database.read(until: context.deadline) { transaction in
      try transaction.rows(
        """
        SELECT sku, location FROM reorder_point
        WHERE sku > ? OR (sku = ? AND location > ?) ORDER BY sku, location LIMIT ?
        """,
        [
          .text(after[0]), .text(after[0]), .text(after[1]),
          .int(ServiceLimits.examinedReorderPoints + 1),
        ]
      ) { (sku: $0.text(0), location: $0.text(1)) }
    }
    var found: [PoolAPI.ReorderPoint] = []
    var last: (sku: String, location: String)?
    var isMore = false
    pool.view.read { state in
      for (number, place) in places.enumerated() {
        isMore = found.count == size || number == ServiceLimits.examinedReorderPoints
        if isMore { break }
        last = place
        guard let standing = state.standing(place.sku, place.location),
          standing.isDue || !request.dueOnly
        else { continue }
        found.append(PoolAPI.ReorderPoint(standing, state))
      }
    }
    let next = isMore ? last.map { PageToken($0.sku, $0.location).encoded(scope: scope) } : nil
    return ListReorderPointsResponse(reorderPoints: found, nextPageToken: next ?? "")
  }
}

extension ReadModel.State {
  /// Nil when the point is gone, or not yet here.
  fileprivate func standing(_ sku: String, _ location: String) -> PoolDomain.ReorderPoint.Standing?
  {
    guard let index = skuIndices[SKU(trusted: sku)] else { return nil }
    return reorderPoints[index]
      .first { ($0.scope.location.map { name(of: $0) } ?? "") == location }
      .map { standing($0) }
  }
}

extension PoolAPI.ReorderPoint {
  init(_ standing: PoolDomain.ReorderPoint.Standing, _ names: some Names) {
    let point = standing.point
    self.init(
      sku: names.name(of: point.scope.sku),
      locationID: point.scope.location.map { names.name(of: $0) } ?? "", pointCount: point.units,
      availableCount: standing.available, incomingCount: standing.incoming, due: standing.isDue,
      updateTime: point.updateTime)
  }
}
