public import Primitives

/// A SKU that is sold as one and consists of others. It has no stock of its own: what is sold, held, cancelled or returned
/// of it moves its components.
public struct Bundle: Hashable, Sendable {
  public struct Part: Hashable, Sendable {
    public var sku: SKUIndex
    /// In one bundle.
    public var units: Quantity

    public init(sku: SKUIndex, units: Quantity) {
      self.sku = sku
      self.units = units
    }
  }

  public let sku: SKUIndex
  /// Without any, the SKU is an ordinary one again. A part may be a bundle itself.
  public var parts: [Part]
  public var updateTime: Timestamp
  /// From 1, one more with every change.
  public var revision: Int64

  public init(sku: SKUIndex, parts: [Part], updateTime: Timestamp, revision: Int64) {
    self.sku = sku
    self.parts = parts
    self.updateTime = updateTime
    self.revision = revision
  }

  public var etag: String { "r\(revision)" }

  /// How many bundles there are when `units` of each part are.
  public static func whole(_ parts: [Part], _ units: (SKUIndex) -> Quantity) -> Quantity {
    parts.map { part in
      // Rounded down, below nothing as well.
      let (quotient, remainder) = units(part.sku).quotientAndRemainder(dividingBy: part.units)
      return remainder < 0 ? quotient - 1 : quotient
    }.min() ?? 0
  }
}

/// All bundles, and what each comes to when those inside it are taken apart, too.
public struct BundleTable: Equatable, Sendable {
  public private(set) var definitions: [SKUIndex: Bundle] = [:]
  private var flat: [SKUIndex: [Bundle.Part]] = [:]
  /// The bundles that have a SKU as a part, directly.
  private var parents: [SKUIndex: Set<SKUIndex>] = [:]
  /// The bundles in which a component is, at whatever depth.
  private var users: [SKUIndex: Set<SKUIndex>] = [:]

  public init() {}

  public var isEmpty: Bool { flat.isEmpty }

  /// What a bundle moves: SKUs that are no bundles; nil for an ordinary SKU.
  public func components(of sku: SKUIndex) -> [Bundle.Part]? { flat[sku] }

  /// The bundles that change when a component does.
  public func bundles(with component: SKUIndex) -> Set<SKUIndex> { users[component] ?? [] }

  /// A bundle and those that it is in.
  public func affected(by sku: SKUIndex) -> Set<SKUIndex> {
    var found: Set<SKUIndex> = [sku]
    var next = [sku]
    while let sku = next.popLast() {
      for parent in parents[sku] ?? [] where found.insert(parent).inserted { next.append(parent) }
    }
    return found
  }

  /// The first of `parts` in which `sku` is, at whatever depth.
  func cycle(of sku: SKUIndex, in parts: [Bundle.Part]) -> SKUIndex? {
    let above = affected(by: sku)
    return parts.first { above.contains($0.sku) }?.sku
  }

  /// Whether a bundle with these parts is no part of itself.
  public func takes(_ parts: [Bundle.Part], in sku: SKUIndex) -> Bool {
    cycle(of: sku, in: parts) == nil
  }

  /// Whether what a bundle comes to is within bounds.
  public func isBounded(_ sku: SKUIndex) -> Bool {
    let components = flat[sku] ?? []
    return components.count <= Limits.bundleComponents
      && components.allSatisfy { $0.units <= Limits.bundleUnits }
  }

  /// - Precondition: nothing is a part of itself by it.
  public mutating func set(_ bundle: Bundle) {
    for part in definitions[bundle.sku]?.parts ?? [] {
      parents[part.sku]?.remove(bundle.sku)
      if parents[part.sku]?.isEmpty ?? false { parents[part.sku] = nil }
    }
    definitions[bundle.sku] = bundle
    for part in bundle.parts { parents[part.sku, default: []].insert(bundle.sku) }
    let affected = affected(by: bundle.sku)
    for sku in affected { forget(sku) }
    // Those inside come before those that they are in.
    for sku in affected { flatten(sku) }
  }

  /// Takes back what was set last of a SKU.
  mutating func restore(_ known: Bundle?, of sku: SKUIndex) {
    set(known ?? Bundle(sku: sku, parts: [], updateTime: .zero, revision: 0))
    if known == nil { definitions[sku] = nil }
  }

  private mutating func forget(_ sku: SKUIndex) {
    for part in flat[sku] ?? [] {
      users[part.sku]?.remove(sku)
      if users[part.sku]?.isEmpty ?? false { users[part.sku] = nil }
    }
    flat[sku] = nil
  }

  private mutating func flatten(_ sku: SKUIndex) {
    guard flat[sku] == nil, let bundle = definitions[sku], !bundle.parts.isEmpty else { return }
    var units: [SKUIndex: Quantity] = [:]
    var order: [SKUIndex] = []
    for part in bundle.parts {
      flatten(part.sku)
      for component in flat[part.sku] ?? [Bundle.Part(sku: part.sku, units: 1)] {
        if units[component.sku] == nil { order.append(component.sku) }
        // Beyond what is allowed, how far does not matter.
        let sum =
          Int128(units[component.sku] ?? 0) + Int128(component.units) * Int128(part.units)
        units[component.sku] = Quantity(min(sum, Int128(Limits.bundleUnits) + 1))
      }
    }
    flat[sku] = order.map { Bundle.Part(sku: $0, units: units[$0] ?? 0) }
    for component in order { users[component, default: []].insert(sku) }
  }
}

/// Why a bundle cannot be what it is to be.
public enum BundleError: Hashable, Sendable {
  case unknown(SKU)
  /// Its etag is another one.
  case changed(SKU)
  /// It would be a part of its own part.
  case cycle(SKU, part: SKU)
  /// It, or one that it is in, would have too many components, or too many units of one.
  case tooLarge(SKU)
  /// There are units of it.
  case hasStock(SKU, onHand: Quantity, held: Quantity, committed: Quantity, unavailable: Quantity)
  /// A document has it among its lines.
  case inDocument(SKU, DocumentKey)
  /// A promotion that has not ended keeps units of it.
  case inPromotion(SKU, PromotionID)
  /// A bundle is where only what has stock can be; with the number of the request's line.
  case noStock(SKU, line: Int?)
}

public struct SetBundle: Hashable, Sendable {
  public struct Part: Hashable, Sendable {
    public var sku: SKU
    public var units: Quantity

    public init(sku: SKU, units: Quantity) {
      self.sku = sku
      self.units = units
    }
  }

  public var sku: SKU
  public var parts: [Part]
  /// Changes only this version; empty for any.
  public var etag: String

  public init(sku: SKU, parts: [Part], etag: String = "") {
    self.sku = sku
    self.parts = parts
    self.etag = etag
  }
}
