public import Primitives

/// All buffers, and which of them counts.
///
/// One rule wins as a whole, margin, bounds and cap together. First the scope, the most specific
/// that has a rule which counts now:
///
///     listing  >  SKU + channel  >  SKU  >  group + channel  >  group  >  channel  >  default of all
///
/// Within a scope, a rule with a window beats one without; of several windows that are open, the one
/// that began last wins, then the first by name.
public struct BufferTable: Equatable, Sendable {
  /// Who asks.
  public struct Target: Sendable {
    public var sku: SKUIndex
    public var group: SKUGroup?
    public var channel: ChannelID?
    public var listing: ListingID?

    public init(
      sku: SKUIndex, group: SKUGroup? = nil, channel: ChannelID? = nil, listing: ListingID? = nil
    ) {
      self.sku = sku
      self.group = group
      self.channel = channel
      self.listing = listing
    }

    /// The scopes that may apply, from the most to the least specific.
    public var scopes: [Buffer.Scope] { (0..<Self.levels).compactMap(scope) }

    fileprivate static let levels = 7

    /// Nil where the target has nothing that such a scope names.
    fileprivate func scope(level: Int) -> Buffer.Scope? {
      switch level {
      case 0:
        guard let channel, let listing else { return nil }
        return Buffer.Scope(sku: sku, channel: channel, listing: listing)
      case 1: return channel.map { Buffer.Scope(sku: sku, channel: $0) }
      case 2: return Buffer.Scope(sku: sku)
      case 3:
        guard let channel, let group else { return nil }
        return Buffer.Scope(group: group, channel: channel)
      case 4: return group.map { Buffer.Scope(group: $0) }
      case 5: return channel.map { Buffer.Scope(channel: $0) }
      default: return Buffer.Scope()
      }
    }
  }

  /// Each scope's rules in the order in which they win.
  private var rules: [Buffer.Scope: [Buffer]] = [:]
  /// The listings with a rule of their own, by SKU.
  private var listings: [SKUIndex: [Buffer.Scope]] = [:]
  /// Rules with a window.
  private var timed: Set<Buffer.Key> = []
  private var groupCount = 0
  private var demandCount = 0

  public init() {}

  public var all: [Buffer] { rules.values.flatMap(\.self) }

  public var isEmpty: Bool { rules.isEmpty }
  /// Whether a rule is for a group, so that it has to be looked up whose a SKU is.
  public var hasGroups: Bool { groupCount > 0 }
  /// Whether a rule hides the more the faster a SKU sells.
  public var followsDemand: Bool { demandCount > 0 }

  public subscript(key: Buffer.Key) -> Buffer? {
    rules[key.scope]?.first { $0.key == key }
  }

  /// A scope's rules in the order in which they win.
  public subscript(scope: Buffer.Scope) -> [Buffer] { rules[scope] ?? [] }

  /// Sets the rule of its scope and name, or removes it when it is empty.
  public mutating func set(_ buffer: Buffer) {
    remove(buffer.key)
    guard !buffer.isEmpty else { return }
    var scoped = rules[buffer.scope] ?? []
    scoped.append(buffer)
    scoped.sort(by: Self.wins)
    rules[buffer.scope] = scoped
    if buffer.hasWindow { timed.insert(buffer.key) }
    if buffer.scope.group != nil { groupCount += 1 }
    if buffer.followsDemand { demandCount += 1 }
    if buffer.scope.listing != nil, let sku = buffer.scope.sku,
      !listings[sku, default: []].contains(buffer.scope)
    {
      listings[sku, default: []].append(buffer.scope)
    }
  }

  private mutating func remove(_ key: Buffer.Key) {
    guard let place = rules[key.scope]?.firstIndex(where: { $0.key == key }),
      let known = rules[key.scope]?.remove(at: place)
    else { return }
    timed.remove(key)
    if key.scope.group != nil { groupCount -= 1 }
    if known.followsDemand { demandCount -= 1 }
    guard rules[key.scope]?.isEmpty ?? true else { return }
    rules[key.scope] = nil
    guard key.scope.listing != nil, let sku = key.scope.sku else { return }
    listings[sku]?.removeAll { $0 == key.scope }
    if listings[sku]?.isEmpty ?? false { listings[sku] = nil }
  }

  private static func wins(_ one: Buffer, _ other: Buffer) -> Bool {
    if one.hasWindow != other.hasWindow { return one.hasWindow }
    let (first, second) = (one.startTime ?? .zero, other.startTime ?? .zero)
    return first == second ? one.key.name < other.key.name : first > second
  }

  /// The rule that counts.
  public func winner(for target: Target, at now: Timestamp) -> Buffer? {
    if rules.isEmpty { return nil }
    for level in 0..<Target.levels {
      guard let scope = target.scope(level: level), let scoped = rules[scope] else { continue }
      if let rule = scoped.first(where: { $0.counts(at: now) }) { return rule }
    }
    return nil
  }

  /// The rules that count one after the other from `start` until `end`, each with when it first does; nil where none
  /// counts.
  ///
  /// - Complexity: O(rules of the scopes, squared), of which few have a window.
  func winners(
    for target: Target, from start: Timestamp, until end: Timestamp
  ) -> [(time: Timestamp, rule: Buffer?)] {
    guard !timed.isEmpty else { return [(start, winner(for: target, at: start))] }
    let scoped = target.scopes.compactMap { rules[$0] }
    var moments: Set<Timestamp> = [start]
    for rule in scoped.joined() where rule.hasWindow {
      for moment in [rule.startTime, rule.endTime] {
        if let moment, moment > start, moment < end { moments.insert(moment) }
      }
    }
    return moments.sorted().map { moment in
      (moment, scoped.lazy.compactMap { $0.first { $0.counts(at: moment) } }.first)
    }
  }

  /// The listings of a SKU on a channel that have rules of their own, in the order of their IDs.
  public func listings(of sku: SKUIndex, on channel: ChannelID) -> [ListingID] {
    guard !listings.isEmpty, let scopes = listings[sku] else { return [] }
    return scopes.filter { $0.channel == channel }.compactMap(\.listing).sorted()
  }

  // MARK: Time

  /// The next moment at which a rule begins or ends to count.
  public func nextMoment(after now: Timestamp) -> Timestamp? {
    var next: Timestamp?
    for key in timed {
      for moment in [self[key]?.startTime, self[key]?.endTime] {
        guard let moment, moment > now else { continue }
        next = min(next ?? moment, moment)
      }
    }
    return next
  }

  /// What rules are for that began or ended after `start`, up to `end`.
  func scopes(turningAfter start: Timestamp, upTo end: Timestamp) -> [Buffer.Scope] {
    timed.filter { key in
      [self[key]?.startTime, self[key]?.endTime].contains { moment in
        moment.map { $0 > start && $0 <= end } ?? false
      }
    }.map(\.scope)
  }
}
