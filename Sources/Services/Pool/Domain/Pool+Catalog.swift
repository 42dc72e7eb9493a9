internal import Primitives

extension Pool {
  func set(_ command: SetSKU) throws(PoolError) -> Reply {
    guard let index = catalog.find(command.sku) else {
      guard command.etag.isEmpty else { throw .skuChanged(command.sku) }
      let record = SKURecord(
        index: SKUIndex(catalog.skus.count), sku: command.sku, displayName: command.displayName,
        createTime: now, updateTime: now, revision: 1)
      put(record)
      noteSet(record.index)
      note(record.index)
      return .sku(record)
    }
    var record = catalog.skus[index.int]
    guard command.etag.isEmpty || command.etag == record.etag else {
      throw .skuChanged(command.sku)
    }
    guard record.displayName != command.displayName else { return .sku(record) }
    record.displayName = command.displayName
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
        displayName: command.displayName, rank: command.rank, createTime: now, updateTime: now,
        revision: 1)
      put(record)
      noteSet(record.index)
      return .location(record)
    }
    var record = catalog.locations[index.int]
    guard command.etag.isEmpty || command.etag == record.etag else {
      throw .locationChanged(command.location)
    }
    guard (record.displayName, record.rank) != (command.displayName, command.rank) else {
      return .location(record)
    }
    record.displayName = command.displayName
    record.rank = command.rank
    record.updateTime = now
    record.revision += 1
    put(record)
    noteSet(index)
    return .location(record)
  }

  func set(_ command: SetBuffer) throws(PoolError) -> Reply {
    var sku: SKUIndex?
    if let text = command.sku { sku = try catalog.index(text) }
    let scope = Buffer.Scope(sku: sku, channel: command.channel)
    let buffer = Buffer(
      scope: scope, margin: command.margin, cap: command.cap, updateTime: now)
    if let known = buffers[scope], known.margin == buffer.margin, known.cap == buffer.cap {
      return .buffer(known)
    }
    if buffers[scope] == nil, buffer.isEmpty { return .buffer(buffer) }
    buffers.set(buffer)
    noteSet(buffer)
    return .buffer(buffer)
  }

  func put(_ record: SKURecord) {
    catalog.put(record)
    if stocks.count < catalog.skus.count {
      stocks.append(Stock())
      wantedOfSKU.append(0)
    }
  }

  func put(_ record: LocationRecord) {
    let before = catalog.ranked
    catalog.put(record)
    // A location that is new in the order moves no balance; one with another rank may.
    if catalog.ranked.count == before.count, catalog.ranked != before { relinkBalances() }
  }
}
