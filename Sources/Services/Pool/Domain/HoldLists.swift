public import Primitives

public typealias HoldTable = PlacedTable<HoldID, Hold>

/// Which holds have units of a SKU, by their places in the table of holds.
///
/// A list may have holds that have ended: they leave when it has doubled since the last time, so that a hold on a hot SKU
/// costs no more than on another.
public struct HoldLists: Sendable {
  private struct List {
    var places: [Int32] = []
    /// The number of places at which those of ended holds leave.
    var tidyAt = 32

    mutating func add(_ place: Int32, _ isHolder: (Int32) -> Bool) {
      if places.count >= tidyAt {
        places.removeAll { !isHolder($0) }
        tidyAt = max(32, 2 * places.count)
      }
      places.append(place)
    }
  }

  /// What a hold was before it changed.
  public struct Before: Sendable {
    let state: Hold.State
    let lines: [Hold.Line]

    public init(_ hold: Hold) {
      state = hold.state
      lines = hold.lines
    }
  }

  private var lists: [SKUIndex: List] = [:]

  public init() {}

  /// The places of the holds on a SKU, of those that have ended among them; one may come twice.
  public func places(of sku: SKUIndex) -> [Int32] { lists[sku]?.places ?? [] }

  /// Whether a hold that has units of a SKU is at a place.
  public static func isHolder(_ place: Int32, of sku: SKUIndex, in holds: HoldTable) -> Bool {
    guard holds.contains(Int(place)) else { return false }
    return holds.read(Int(place)) { hold in
      hold.state == .held && hold.lines.contains { $0.sku == sku }
    }
  }

  /// Notes the SKUs that a hold has, and had not.
  ///
  /// - Parameters:
  ///   - place: the hold's in `holds`.
  ///   - holds: with the hold as it is now.
  public mutating func note(_ hold: Hold, at place: Int, was known: Before?, in holds: HoldTable) {
    guard hold.state == .held else { return }
    func add(_ sku: SKUIndex) {
      lists[sku, default: List()].add(Int32(place)) { Self.isHolder($0, of: sku, in: holds) }
    }
    if known == nil, hold.lines.count == 1 { return add(hold.lines[0].sku) }
    var listed = Set(known?.state == .held ? (known?.lines ?? []).map(\.sku) : [])
    for line in hold.lines where listed.insert(line.sku).inserted { add(line.sku) }
  }
}
