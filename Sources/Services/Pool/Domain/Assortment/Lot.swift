public import Primitives

/// A batch that a maker has named, of one SKU.
public struct LotID: Identifier {
  public static let noun = "lot"
  public static let maximumBytes = 64
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// Which lot units are of, and when they can be sold no more.
public struct LotTag: Hashable, Sendable {
  public var id: LotID
  /// Nil when they last.
  public var expireTime: Timestamp?

  public init(id: LotID, expireTime: Timestamp? = nil) {
    self.id = id
    self.expireTime = expireTime
  }
}

/// Units of a lot on hand at one location.
public struct Lot: Hashable, Sendable {
  public let sku: SKUIndex
  public let location: LocationIndex
  public let tag: LotTag
  public internal(set) var quantity: Quantity

  public init(sku: SKUIndex, location: LocationIndex, tag: LotTag, quantity: Quantity) {
    self.sku = sku
    self.location = location
    self.tag = tag
    self.quantity = quantity
  }

  public struct Key: Hashable, Comparable, Sendable {
    public var sku: SKUIndex
    public var location: LocationIndex
    public var id: LotID

    public static func < (left: Key, right: Key) -> Bool {
      (left.sku, left.location, left.id) < (right.sku, right.location, right.id)
    }
  }

  public var key: Key { Key(sku: sku, location: location, id: tag.id) }
}

/// Units of one lot in one movement of an entry.
public struct LotUnits: Hashable, Sendable {
  /// The movement's place in the entry, from 0.
  public var movement: Int
  public var tag: LotTag
  public var quantity: Quantity

  public init(movement: Int, tag: LotTag, quantity: Quantity) {
    self.movement = movement
    self.tag = tag
    self.quantity = quantity
  }
}

/// All lots with units on hand. At one location, the units of a SKU's lots are never more than are on hand; what is on hand
/// beyond them is of no lot, and goes last. A SKU without lots is not in it.
public struct LotTable: Equatable, Sendable {
  private struct Place: Hashable {
    var sku: SKUIndex
    var location: LocationIndex
  }

  /// At each place in the order in which they go: what expires first, then by ID.
  private var lots: [Place: [Lot]] = [:]
  private var places: [SKUIndex: Set<LocationIndex>] = [:]

  public init() {}

  public var isEmpty: Bool { lots.isEmpty }
  public var all: [Lot] { lots.values.flatMap { $0 } }

  public subscript(sku: SKUIndex, location: LocationIndex) -> [Lot] {
    lots[Place(sku: sku, location: location)] ?? []
  }

  public subscript(key: Lot.Key) -> Lot? {
    self[key.sku, key.location].first { $0.tag.id == key.id }
  }

  /// Of a SKU, location by location.
  public func lots(of sku: SKUIndex) -> [Lot] {
    (places[sku] ?? []).sorted().flatMap { self[sku, $0] }
  }

  /// The lot of a SKU under that ID, wherever it is.
  func tag(of id: LotID, _ sku: SKUIndex) -> LotTag? {
    lots(of: sku).first { $0.tag.id == id }?.tag
  }

  /// A place where lots have more units than `onHand` says; nil when there is none.
  public func uncovered(_ onHand: (SKUIndex, LocationIndex) -> Quantity) -> SKUIndex? {
    lots.keys.first { units($0.sku, $0.location) > max(0, onHand($0.sku, $0.location)) }?.sku
  }

  /// Units of all lots at a place.
  func units(_ sku: SKUIndex, _ location: LocationIndex) -> Quantity {
    self[sku, location].reduce(0) { $0 + $1.quantity }
  }

  /// The lots that go first, of `quantity` units at most.
  func first(_ quantity: Quantity, of sku: SKUIndex, at location: LocationIndex) -> [Lot] {
    var left = quantity
    var found: [Lot] = []
    for lot in self[sku, location] where left > 0 {
      let units = min(left, lot.quantity)
      left -= units
      found.append(Lot(sku: sku, location: location, tag: lot.tag, quantity: units))
    }
    return found
  }

  /// Adds units to a lot, or takes them from it; one without any is gone.
  mutating func add(_ units: Quantity, to tag: LotTag, _ sku: SKUIndex, _ location: LocationIndex) {
    let place = Place(sku: sku, location: location)
    var here = lots[place] ?? []
    if let known = here.firstIndex(where: { $0.tag.id == tag.id }) {
      here[known].quantity += units
      precondition(here[known].quantity >= 0, "a lot has no less than nothing")
      if here[known].quantity == 0 { here.remove(at: known) }
    } else if units != 0 {
      precondition(units > 0, "a lot has no less than nothing")
      let lot = Lot(sku: sku, location: location, tag: tag, quantity: units)
      let place = here.firstIndex { Self.goes(tag, before: $0.tag) } ?? here.count
      here.insert(lot, at: place)
    }
    lots[place] = here.isEmpty ? nil : here
    if here.isEmpty {
      places[sku]?.remove(location)
      if places[sku]?.isEmpty ?? false { places[sku] = nil }
    } else {
      places[sku, default: []].insert(location)
    }
  }

  private static func goes(_ tag: LotTag, before other: LotTag) -> Bool {
    (tag.expireTime ?? .distantFuture, tag.id) < (other.expireTime ?? .distantFuture, other.id)
  }
}

/// Why units of a lot cannot come in, or leave.
public enum LotError: Hashable, Sendable {
  case expired(LotID, Timestamp)
  /// The same lot is known with another expiry.
  case expiryDiffers(LotID, known: Timestamp?)
  case tooMany(SKU)
  /// Nobody knows when units of it can be sold no more, or there are none of it where some are to leave.
  case unknown(LotID, SKU, LocationID)
  /// More of it is to leave than is there.
  case tooFew(LotID, SKU, LocationID, present: Quantity, requested: Quantity)
}
