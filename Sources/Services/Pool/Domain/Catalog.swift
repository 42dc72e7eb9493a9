public import Primitives

/// A SKU with what people call it.
public struct SKURecord: Hashable, Sendable {
  public let index: SKUIndex
  public let sku: SKU
  public var displayName: String
  /// Whose rules it shares, if any.
  public var group: SKUGroup?
  public let createTime: Timestamp
  public var updateTime: Timestamp
  /// From 1, one more with every change.
  public var revision: Int64

  public init(
    index: SKUIndex, sku: SKU, displayName: String, group: SKUGroup? = nil, createTime: Timestamp,
    updateTime: Timestamp, revision: Int64
  ) {
    self.index = index
    self.sku = sku
    self.displayName = displayName
    self.group = group
    self.createTime = createTime
    self.updateTime = updateTime
    self.revision = revision
  }

  public var etag: String { "r\(revision)" }
}

/// A location with its rank among those that may serve a sale.
public struct LocationRecord: Hashable, Sendable {
  public let index: LocationIndex
  public let location: LocationID
  public var displayName: String
  /// Sales that name no location are taken from the lowest rank that has stock.
  public var rank: Int32
  public var traits: LocationTraits
  public let createTime: Timestamp
  public var updateTime: Timestamp
  public var revision: Int64

  public init(
    index: LocationIndex, location: LocationID, displayName: String, rank: Int32,
    traits: LocationTraits = LocationTraits(), createTime: Timestamp, updateTime: Timestamp,
    revision: Int64
  ) {
    self.index = index
    self.location = location
    self.displayName = displayName
    self.rank = rank
    self.traits = traits
    self.createTime = createTime
    self.updateTime = updateTime
    self.revision = revision
  }

  public var etag: String { "r\(revision)" }
}

/// The SKUs and locations that the pool knows, by their names and by their places.
final class Catalog {
  private(set) var skus = SKUTable()
  private(set) var locations: [LocationRecord] = []
  private var locationPlaces: [LocationID: LocationIndex] = [:]
  /// Locations in the order in which sales take from them: by rank, then ID.
  private(set) var ranked: [LocationIndex] = []
  /// The place of each location in `ranked`.
  private(set) var rankPlaces: [Int] = []

  func find(_ sku: SKU) -> SKUIndex? { skus[sku] }
  func find(_ location: LocationID) -> LocationIndex? { locationPlaces[location] }

  /// - Parameter line: the number of the request's line that names it.
  func index(_ sku: SKU, line: Int? = nil) throws(PoolError) -> SKUIndex {
    guard let index = skus[sku] else { throw .skuUnknown(sku, line: line) }
    return index
  }

  func index(_ location: LocationID, line: Int? = nil) throws(PoolError) -> LocationIndex {
    guard let index = locationPlaces[location] else {
      throw .locationUnknown(location, line: line)
    }
    return index
  }

  func sku(_ index: SKUIndex) -> SKU { skus.sku(at: index.int) }
  func location(_ index: LocationIndex) -> LocationID { locations[index.int].location }

  func put(_ record: SKURecord) {
    skus.put(record)
  }

  func put(_ record: LocationRecord) {
    precondition(record.index.int <= locations.count, "locations are numbered without a gap")
    if record.index.int == locations.count {
      locations.append(record)
      locationPlaces[record.location] = record.index
    } else {
      locations[record.index.int] = record
    }
    ranked = locations.sorted { ($0.rank, $0.location) < ($1.rank, $1.location) }.map(\.index)
    rankPlaces = Array(repeating: 0, count: ranked.count)
    for (place, index) in ranked.enumerated() { rankPlaces[index.int] = place }
  }
}
