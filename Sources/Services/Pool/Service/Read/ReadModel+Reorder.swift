internal import PoolDomain
internal import Primitives

extension ReadModel.State {
  func standing(_ point: ReorderPoint) -> ReorderPoint.Standing {
    let stock = stocks[point.scope.sku.int]
    return point.standing(
      available: stock.available, balances: stock.balances,
      incoming: incoming[point.scope.sku] ?? [])
  }

  /// Looks at the points of what batches have changed.
  ///
  /// - Parameter known: those that were due before the last of them.
  /// - Returns: those at which more is to be ordered from now on.
  mutating func updateReorders(
    _ batches: [Changes], _ known: Set<ReorderPoint.Scope>
  ) -> [ReorderPoint.Standing] {
    guard !reorderPoints.isEmpty else { return [] }
    var known = known
    var fresh: [ReorderPoint.Standing] = []
    for changes in batches {
      for sku in changes.skus { updateReorders(of: sku, &known, &fresh) }
      for sku in changes.incomingSKUs { updateReorders(of: sku, &known, &fresh) }
      for point in changes.setReorderPoints { updateReorders(of: point.scope.sku, &known, &fresh) }
    }
    return fresh
  }

  private mutating func updateReorders(
    of sku: SKUIndex, _ known: inout Set<ReorderPoint.Scope>,
    _ fresh: inout [ReorderPoint.Standing]
  ) {
    for point in reorderPoints[sku] {
      let standing = standing(point)
      guard standing.isDue else {
        dueReorders.remove(point.scope)
        continue
      }
      dueReorders.insert(point.scope)
      if known.insert(point.scope).inserted { fresh.append(standing) }
    }
  }
}

extension ReadModel {
  /// Reorder points at which more is to be ordered now.
  var dueReorderCount: Int { read { $0.dueReorders.count } }
}
