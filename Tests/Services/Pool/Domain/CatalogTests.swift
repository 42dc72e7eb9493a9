import Primitives
import Testing

@testable import PoolDomain

@Suite struct CatalogTests {
  @Test func etagGuardsAnUpdate() throws {
    let pool = Pool()
    let sku = try SKU("TEE")
    guard case .sku(let first) = try pool.apply(.setSKU(SetSKU(sku: sku, displayName: "Tee"))),
      case .sku(let second) = try pool.apply(
        .setSKU(SetSKU(sku: sku, displayName: "T-shirt", etag: first.etag)))
    else {
      Issue.record("a SKU answers with itself")
      return
    }
    #expect(first.etag != second.etag && second.displayName == "T-shirt")
    #expect(throws: PoolError.skuChanged(sku)) {
      try pool.apply(.setSKU(SetSKU(sku: sku, displayName: "X", etag: first.etag)))
    }
    #expect(throws: PoolError.skuChanged(try SKU("NEW"))) {
      try pool.apply(.setSKU(SetSKU(sku: try SKU("NEW"), etag: first.etag)))
    }
    #expect(pool.skuCount == 1)
  }

  @Test func sameAgainChangesNothing() throws {
    let pool = Pool()
    let command = Command.setSKU(SetSKU(sku: try SKU("TEE"), displayName: "Tee"))
    let first = try pool.apply(command)
    pool.advance(to: Timestamp(seconds: 5))
    #expect(try pool.apply(command) == first)
    let place = Command.setLocation(SetLocation(location: try LocationID("A"), rank: 3))
    let set = try pool.apply(place)
    pool.advance(to: Timestamp(seconds: 9))
    #expect(try pool.apply(place) == set)
    let buffer = Command.setBuffer(SetBuffer(margin: .units(1)))
    let kept = try pool.apply(buffer)
    pool.advance(to: Timestamp(seconds: 12))
    #expect(try pool.apply(buffer) == kept)
    _ = pool.takeChanges()
    _ = try pool.apply(buffer)
    #expect(!pool.takeChanges().hasCatalog)
  }

  @Test func etagGuardsALocation() throws {
    let pool = Pool()
    let location = try LocationID("A")
    guard case .location(let first) = try pool.apply(.setLocation(SetLocation(location: location)))
    else {
      Issue.record("a location answers with itself")
      return
    }
    let change = SetLocation(location: location, rank: 2, etag: first.etag)
    _ = try pool.apply(.setLocation(change))
    #expect(throws: PoolError.locationChanged(location)) {
      try pool.apply(.setLocation(SetLocation(location: location, rank: 4, etag: first.etag)))
    }
  }

  @Test func changesAreToldOnce() throws {
    let machine = try Script(onHand: 9)
    _ = machine.pool.takeChanges()
    _ = try machine.run(["sell", "o-1", "1", "1"])
    _ = try machine.run(["sell", "o-2", "1"])
    _ = try machine.run(["hold", "h-1", "1"])
    let changes = machine.pool.takeChanges()
    #expect(changes.skus == [SKUIndex(0)])
    #expect(changes.sales.map { machine.pool.sales.id(at: $0)?.text } == ["o-1", "o-2"])
    #expect(changes.holds.map { machine.pool.holds.id(at: $0)?.text } == ["h-1"])
    #expect(machine.pool.takeChanges() == Changes())
  }
}
