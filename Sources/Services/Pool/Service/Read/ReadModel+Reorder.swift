internal import PoolDomain
internal import Primitives

extension ReadModel.State {
  func standing(_ point: ReorderPoint) -> ReorderPoint.Standing {
    let stock = stocks[point.scope.sku.int]
    return point.standing(
      available: stock.available, balances: stock.balances,
      incoming: incoming[point.scope.sku] ?? [])
  }

  /// Looks at the points of what has changed; returns those at which more is to be ordered from now on.
  mutating func updateReorders(_ changes: Changes) -> [ReorderPoint.Standing] {
    for point in changes.setReorderPoints {
      reorderPoints.set(point)
      if point.units == nil { dueReorders.remove(point.scope) }
    }
    guard !reorderPoints.isEmpty else { return [] }
    var fresh: [ReorderPoint.Standing] = []
    for sku in changes.skus { updateReorders(of: sku, &fresh) }
    for sku in changes.incomingSKUs { updateReorders(of: sku, &fresh) }
    for point in changes.setReorderPoints { updateReorders(of: point.scope.sku, &fresh) }
    return fresh
  }

  private mutating func updateReorders(
    of sku: SKUIndex, _ fresh: inout [ReorderPoint.Standing]
  ) {
    for point in reorderPoints[sku] {
      let standing = standing(point)
      if !standing.isDue {
        dueReorders.remove(point.scope)
      } else if dueReorders.insert(point.scope).inserted {
        fresh.append(standing)
      }
    }
  }
}

extension ReadModel {
  /// Reorder points at which more is to be ordered now.
  var dueReorderCount: Int { read { $0.dueReorders.count } }
}
