internal import Primitives

extension Pool {
  func set(_ command: SetSKU) throws(PoolError) -> Reply {
    guard let index = catalog.find(command.sku) else {
      guard command.etag.isEmpty else { throw .skuChanged(command.sku) }
      let record = SKURecord(
        index: SKUIndex(catalog.skus.count), sku: command.sku, displayName: command.displayName,
        group: command.group, createTime: now, updateTime: now, revision: 1)
      put(record)
      noteSet(record.index)
      note(record.index)
      return .sku(record)
    }
    var record = catalog.skus[index.int]
    guard command.etag.isEmpty || command.etag == record.etag else {
      throw .skuChanged(command.sku)
    }
    guard (record.displayName, record.group) != (command.displayName, command.group) else {
      return .sku(record)
    }
    // Other rules count in another group.
    if record.group != command.group { noteTurned(index) }
    record.displayName = command.displayName
    record.group = command.group
    record.updateTime = now
    record.revision += 1
    put(record)
    noteSet(index)
    return .sku(record)
  }

  func set(_ command: SetLocation) throws(PoolError) -> Reply {
    guard let index = catalog.find(command.location) else {
      guard command.etag.isEmpty else { throw .locationChanged(command.location) }
      let record = LocationRecord(
        index: LocationIndex(catalog.locations.count), location: command.location,
        displayName: command.displayName, rank: command.rank, traits: command.traits,
        createTime: now, updateTime: now, revision: 1)
      put(record)
      noteSet(record.index)
      return .location(record)
    }
    var record = catalog.locations[index.int]
    guard command.etag.isEmpty || command.etag == record.etag else {
      throw .locationChanged(command.location)
    }
    guard
      (record.displayName, record.rank, record.traits)
        != (command.displayName, command.rank, command.traits)
    else {
      return .location(record)
    }
    record.displayName = command.displayName
    record.rank = command.rank
    record.traits = command.traits
    record.updateTime = now
    record.revision += 1
    put(record)
    noteSet(index)
    return .location(record)
  }

  func put(_ record: SKURecord) {
    catalog.put(record)
    if stocks.count < catalog.skus.count { stocks.append(Stock()) }
  }

  func put(_ record: LocationRecord) {
    let before = catalog.ranked
    catalog.put(record)
    // A location that is new in the order moves no balance; one with another rank may.
    if catalog.ranked.count == before.count, catalog.ranked != before { relinkBalances() }
  }
}
