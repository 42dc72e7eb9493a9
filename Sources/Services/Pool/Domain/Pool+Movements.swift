internal import Primitives

// One command is one row of the ledger, decided at once while all others wait: however few lines it has, bundles,
// locations and lots may make very many movements of it.
extension Pool {
  /// Refuses a command that comes to too many movements.
  func checkMovements(_ count: Int) throws(PoolError) {
    guard count > Limits.movements else { return }
    throw .tooManyMovements(count)
  }

  /// The same of movements of which those that leave take lots with them: one counts once for each.
  func checkMovements(_ movements: [Movement]) throws(PoolError) {
    try checkMovements(movements.count)
    guard !lots.isEmpty, movements.count * Limits.lotsOfPlace > Limits.movements else { return }
    var leaving: [SKUIndex: [LocationIndex: Quantity]] = [:]
    for movement in movements where movement.kind.fillsLots == false {
      leaving[movement.sku, default: [:]][movement.location, default: 0] += movement.quantity
    }
    var count = movements.count
    for (sku, places) in leaving {
      for (location, units) in places {
        count += max(0, lots.first(units, of: sku, at: location).count - 1)
      }
    }
    try checkMovements(count)
  }
}
