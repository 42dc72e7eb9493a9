public import Primitives

/// The stock of a SKU, in all or at one location, at which more is to be ordered.
public struct ReorderPoint: Hashable, Sendable {
  public struct Scope: Hashable, Sendable {
    public var sku: SKUIndex
    /// Nil for all locations together.
    public var location: LocationIndex?

    public init(sku: SKUIndex, location: LocationIndex?) {
      self.sku = sku
      self.location = location
    }
  }

  public var scope: Scope
  /// Nil: there is none.
  public var units: Quantity?
  public var updateTime: Timestamp

  public init(scope: Scope, units: Quantity?, updateTime: Timestamp = .zero) {
    self.scope = scope
    self.units = units
    self.updateTime = updateTime
  }

  /// How a point stands against stock.
  public struct Standing: Hashable, Sendable {
    public var point: ReorderPoint
    public var available: Quantity
    public var incoming: Quantity

    public init(point: ReorderPoint, available: Quantity, incoming: Quantity) {
      self.point = point
      self.available = available
      self.incoming = incoming
    }

    /// At or under the point, what is on its way included.
    public var isDue: Bool { point.units.map { available + incoming <= $0 } ?? false }
  }

  /// - Parameters:
  ///   - available: of the SKU in all.
  ///   - balances: of the SKU.
  ///   - incoming: to all of its locations.
  public func standing(
    available: Quantity, balances: [Balance], incoming: [Incoming]
  ) -> Standing {
    guard let location = scope.location else {
      return Standing(
        point: self, available: available, incoming: incoming.reduce(0) { $0 + $1.quantity })
    }
    return Standing(
      point: self,
      available: balances.first { $0.location == location }?.available ?? 0,
      incoming: incoming.reduce(0) { $1.location == location ? $0 + $1.quantity : $0 })
  }
}

/// All reorder points.
public struct ReorderTable: Equatable, Sendable {
  private var points: [SKUIndex: [ReorderPoint]] = [:]

  public init() {}

  public var isEmpty: Bool { points.isEmpty }
  public var all: [ReorderPoint] { points.values.flatMap { $0 } }
  /// Of a SKU, that of all locations first, then in the order of their places.
  public subscript(sku: SKUIndex) -> [ReorderPoint] { points[sku] ?? [] }

  public subscript(scope: ReorderPoint.Scope) -> ReorderPoint? {
    points[scope.sku]?.first { $0.scope == scope }
  }

  /// Sets the point of its scope, or removes it when it has no units.
  public mutating func set(_ point: ReorderPoint) {
    var kept = self[point.scope.sku].filter { $0.scope != point.scope }
    if point.units != nil { kept.append(point) }
    kept.sort { ($0.scope.location?.int ?? -1) < ($1.scope.location?.int ?? -1) }
    points[point.scope.sku] = kept.isEmpty ? nil : kept
  }
}

public struct SetReorderPoint: Hashable, Sendable {
  public var sku: SKU
  public var location: LocationID?
  public var units: Quantity?

  public init(sku: SKU, location: LocationID? = nil, units: Quantity?) {
    self.sku = sku
    self.location = location
    self.units = units
  }
}

extension Pool {
  func set(_ command: SetReorderPoint) throws(PoolError) -> Reply {
    var location: LocationIndex?
    if let text = command.location { location = try catalog.index(text) }
    let scope = ReorderPoint.Scope(sku: try stockIndex(command.sku), location: location)
    let known = reorderPoints[scope]
    let point = ReorderPoint(scope: scope, units: command.units, updateTime: now)
    guard known?.units != point.units else { return .reorderPoint(known ?? point) }
    reorderPoints.set(point)
    noteSet(point)
    return .reorderPoint(point)
  }

  /// A point from a store.
  public func load(_ point: ReorderPoint) { reorderPoints.set(point) }
}
