internal import Primitives

/// A line of a sale that sold a bundle, with what it consisted of then: a later definition changes nothing of it.
///
/// Each component has a line of its own in the sale, whose name no caller can give.
public struct SaleBundle: Hashable, Sendable {
  /// No line ID of a caller holds a control character.
  private static let separator: Character = "\u{1F}"

  public var lineID: String
  public var sku: SKUIndex
  public var parts: [Bundle.Part]

  public init(lineID: String, sku: SKUIndex, parts: [Bundle.Part]) {
    self.lineID = lineID
    self.sku = sku
    self.parts = parts
  }

  /// The line of a component.
  public func partID(_ number: Int) -> String { "\(lineID)\(Self.separator)\(number)" }

  /// The caller's name for a line, be it a component's.
  public static func callersLineID(_ lineID: String) -> String {
    guard let end = lineID.firstIndex(of: separator) else { return lineID }
    return String(lineID[..<end])
  }

  static func isPart(_ lineID: String) -> Bool { lineID.contains(separator) }
}

extension Sale {
  /// A line as its caller knows it: of a bundle, counted in bundles.
  public func callersLine(_ lineID: String) -> SaleLine? {
    bundle(lineID).map { line(of: $0) } ?? line(lineID)
  }

  /// All lines as their caller knows them: those of bundles behind the others.
  public var callersLines: [SaleLine] {
    guard !bundles.isEmpty else { return lines }
    return lines.filter { !SaleBundle.isPart($0.id) } + bundles.map { line(of: $0) }
  }

  /// Whether every component of every bundle has its line.
  public var isWhole: Bool {
    bundles.allSatisfy { bundle in
      bundle.parts.indices.allSatisfy {
        line(bundle.partID($0))?.sku == bundle.parts[$0].sku && bundle.parts[$0].units > 0
      } && !bundle.parts.isEmpty
    }
  }

  private func line(of bundle: SaleBundle) -> SaleLine {
    let components = bundle.parts.indices.map { number -> SaleLine in
      guard let line = line(bundle.partID(number)) else {
        preconditionFailure("a component of line \(bundle.lineID) has no line")
      }
      return line
    }
    func whole(_ count: KeyPath<SaleLine, Quantity>) -> Quantity {
      zip(components, bundle.parts).map { $0[keyPath: count] / $1.units }.min() ?? 0
    }
    return SaleLine(
      id: bundle.lineID, sku: bundle.sku, sold: whole(\.sold), cancelled: whole(\.cancelled),
      shipped: whole(\.shipped), returned: whole(\.returned),
      oversold: zip(components, bundle.parts).map {
        ($0.oversold + $1.units - 1) / $1.units
      }.max() ?? 0, allocations: [], components: components)
  }
}
