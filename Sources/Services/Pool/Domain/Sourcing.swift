public import Primitives

/// Which locations feed a channel, and which of them is asked first.
public struct Sourcing: Hashable, Sendable {
  /// The numbers are those of the proto.
  public enum Strategy: Int32, CaseIterable, Sendable {
    /// In the order of the list; of a channel that all feed, by the locations' ranks.
    case ranked = 1
    /// By how near a location is to the customer's zone; then, or without a zone, as ranked.
    case nearest
    /// By how many units are free; then as ranked.
    case mostStock
  }

  public let channel: ChannelID
  public let strategy: Strategy
  /// Those that feed it, first choice first; empty for all.
  public let locations: [LocationIndex]
  public let updateTime: Timestamp
  /// Each location's place in `locations`, by its index; -1 for one that does not feed the channel.
  private let places: [Int32]

  public init(
    channel: ChannelID, strategy: Strategy, locations: [LocationIndex] = [],
    updateTime: Timestamp = .zero
  ) {
    self.channel = channel
    self.strategy = strategy
    self.locations = locations
    self.updateTime = updateTime
    var places = [Int32](repeating: -1, count: locations.map { $0.int + 1 }.max() ?? 0)
    for (place, location) in locations.enumerated() { places[location.int] = Int32(place) }
    self.places = places
  }

  public var isFedByAll: Bool { locations.isEmpty }

  public func isFed(by location: LocationIndex) -> Bool {
    isFedByAll || place(of: location) != nil
  }

  /// Where a location stands in the list; nil for one that is not in it.
  func place(of location: LocationIndex) -> Int? {
    guard location.int < places.count, places[location.int] >= 0 else { return nil }
    return Int(places[location.int])
  }
}

/// The channels that have a sourcing of their own; all others are fed by every location, by rank.
public struct SourcingTable: Equatable, Sendable {
  private var rules: [ChannelID: Sourcing] = [:]

  public init() {}

  public var all: Dictionary<ChannelID, Sourcing>.Values { rules.values }

  public subscript(channel: ChannelID?) -> Sourcing? {
    guard !rules.isEmpty, let channel else { return nil }
    return rules[channel]
  }

  public mutating func set(_ sourcing: Sourcing) { rules[sourcing.channel] = sourcing }

  public mutating func remove(_ channel: ChannelID) { rules[channel] = nil }
}
