internal import Primitives

// Lots that corrections and returns name.

extension LotIntake {
  /// Takes units back into a lot. A line that does not say when they expire means one that is known.
  ///
  /// - Returns: the lot with its expiry.
  mutating func takeBack(
    _ tag: LotTag, of sku: SKUIndex, at location: LocationIndex, _ pool: Pool
  ) throws(PoolError) -> LotTag {
    guard tag.expireTime != nil || known(tag.id, of: sku, pool) != nil else {
      throw .lot(.unknown(tag.id, pool.record(of: sku).sku, pool.record(of: location).location))
    }
    return try take(tag, of: sku, at: location, pool)
  }
}

extension Pool {
  /// A bundle is of no lot; its components are.
  func refuseLotsOfBundles(_ command: ReturnStock) throws(PoolError) {
    for (number, line) in command.lines.enumerated() where line.stock.lot != nil {
      let sku = try stockIndex(line.stock.sku, line: number)
      if command.orderID.flatMap({ sales[$0]?.bundle(line.lineID) })?.sku == sku {
        throw .bundle(.noStock(line.stock.sku, line: number))
      }
    }
  }

  /// The lots that the lines of a correction name, each with its expiry. What is lost of a lot was there before.
  func lots(of command: AdjustStock, at places: [Hold.Line]) throws(PoolError) -> [LotTag?] {
    var intake = LotIntake()
    var lost: [Lot.Key: Quantity] = [:]
    var tags: [LotTag?] = []
    tags.reserveCapacity(places.count)
    for (line, place) in zip(command.lines, places) {
      guard let tag = line.lot else {
        tags.append(nil)
        continue
      }
      if place.quantity > 0 {
        tags.append(try intake.takeBack(tag, of: place.sku, at: place.location, self))
      } else {
        let key = Lot.Key(sku: place.sku, location: place.location, id: tag.id)
        lost[key, default: 0] -= place.quantity
        tags.append(try lot(key, tag, losing: lost[key] ?? 0))
      }
    }
    return tags
  }

  private func lot(
    _ key: Lot.Key, _ tag: LotTag, losing units: Quantity
  ) throws(PoolError) -> LotTag {
    let (sku, location) = (catalog.sku(key.sku), catalog.location(key.location))
    guard let known = lots[key] else { throw .lot(.unknown(tag.id, sku, location)) }
    guard tag.expireTime == nil || tag == known.tag else {
      throw .lot(.expiryDiffers(tag.id, known: known.tag.expireTime))
    }
    guard units <= known.quantity else {
      throw .lot(.tooFew(tag.id, sku, location, present: known.quantity, requested: units))
    }
    return known.tag
  }
}
