internal import PoolDomain
internal import Primitives
internal import StorageCore

/// What rules name, as those who read rows of them know it.
protocol RuleNames {
  func index(of sku: SKU) -> SKUIndex?
  func index(of location: LocationID) -> LocationIndex?
}

extension Pool: RuleNames {}

/// A row of the rules that cannot be one.
struct BadRule: Error, Hashable {
  var problem: String
}

/// How rules stand in rows, of the tables of what they are and of what they were.
enum RuleRow {
  static let bufferColumns = """
    sku, sku_group, channel, listing, name, unit_count, basis_points, threshold_count,
    above_count, below_count, lag_microseconds, factor_basis_points, minimum_count,
    maximum_count, cap_count, start_time, end_time, update_time, lag_is_measured
    """
  static let sourcingColumns = "channel, strategy, locations, update_time"
  static let lastUnitsColumns = "sku, sku_group, channel, unit_count, update_time"
  /// The strategy of a channel that has no sourcing any more.
  static let noStrategy: Int64 = 0

  static func buffer(_ row: any Row, _ names: some RuleNames) throws(BadRule) -> Buffer {
    let (sku, group) = try goods(row, names)
    let (channel, listing) = (row.text(2), row.text(3))
    guard listing.isEmpty || (sku != nil && !channel.isEmpty) else {
      throw BadRule(problem: "a buffer is for a listing of no SKU or channel")
    }
    return Buffer(
      scope: Buffer.Scope(
        sku: sku, group: group, channel: channel.isEmpty ? nil : ChannelID(trusted: channel),
        listing: listing.isEmpty ? nil : ListingID(trusted: listing)),
      name: row.text(4), margin: try margin(row), least: row.int64(12),
      most: row.optionalInt64(13), cap: row.optionalInt64(14), startTime: row.optionalTime(15),
      endTime: row.optionalTime(16), isLagMeasured: row.bool(18), updateTime: row.time(17))
  }

  private static func margin(_ row: any Row) throws(BadRule) -> Buffer.Margin? {
    if let count = row.optionalInt64(5) { return .units(count) }
    if let count = row.optionalInt64(6) {
      return .basisPoints(try points(count, upTo: Limits.basisPoints))
    }
    if let threshold = row.optionalInt64(7) {
      return .tiers(threshold: threshold, above: row.int64(8), below: row.int64(9))
    }
    guard let lag = row.optionalInt64(10) else { return nil }
    return .demand(
      lag: .microseconds(lag), factor: try points(row.int64(11), upTo: Limits.demandFactor))
  }

  private static func points(_ number: Int64, upTo maximum: Int32) throws(BadRule) -> Int32 {
    guard (0...Int64(maximum)).contains(number) else {
      throw BadRule(problem: "a buffer hides \(number) basis points")
    }
    return Int32(number)
  }

  /// Nil for a channel that has no sourcing any more.
  static func sourcing(_ row: any Row, _ names: some RuleNames) throws(BadRule) -> Sourcing? {
    guard row.int64(1) != noStrategy else { return nil }
    guard let strategy = Int32(exactly: row.int64(1)).flatMap(Sourcing.Strategy.init) else {
      throw BadRule(problem: "a channel has the strategy \(row.int64(1))")
    }
    var locations: [LocationIndex] = []
    for location in items(row.text(2), as: LocationID.self) {
      guard let index = names.index(of: location) else {
        throw BadRule(problem: "\(location), which feeds a channel, is no location")
      }
      locations.append(index)
    }
    return Sourcing(
      channel: row.id(0), strategy: strategy, locations: locations, updateTime: row.time(3))
  }

  static func lastUnits(_ row: any Row, _ names: some RuleNames) throws(BadRule) -> LastUnits {
    let (sku, group) = try goods(row, names)
    return LastUnits(
      scope: LastUnits.Scope(sku: sku, group: group), channel: row.id(2), units: row.int64(3),
      updateTime: row.time(4))
  }

  /// The SKU or the group in a row's first two columns.
  private static func goods(
    _ row: any Row, _ names: some RuleNames
  ) throws(BadRule) -> (SKUIndex?, SKUGroup?) {
    let (sku, group) = (row.text(0), row.text(1))
    let index = sku.isEmpty ? nil : names.index(of: SKU(trusted: sku))
    guard sku.isEmpty || (index != nil && group.isEmpty) else {
      throw BadRule(problem: "a rule is for no SKU")
    }
    return (index, group.isEmpty ? nil : SKUGroup(trusted: group))
  }

  /// Identifiers in one column; none of them holds a line's end.
  static func list(_ items: [some Identifier]) -> String {
    items.map(\.text).joined(separator: "\n")
  }

  static func items<ID: Identifier>(_ text: String, as type: ID.Type = ID.self) -> [ID] {
    text.split(separator: "\n").map { ID(trusted: String($0)) }
  }
}
