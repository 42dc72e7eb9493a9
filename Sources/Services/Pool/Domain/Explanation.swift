public import Primitives

/// How a channel's number for a SKU comes about: the sum of `AvailabilitySource.availableToSell`,
/// step by step.
public struct Explanation: Hashable, Sendable {
  /// One step of the sum.
  public struct Term: Hashable, Sendable {
    public var name: String
    public var delta: Quantity
    /// The sum after it.
    public var running: Quantity
    public var words: String
  }

  /// A rule that was considered, whether it counts, and why.
  public struct Considered<Rule: Hashable & Sendable>: Hashable, Sendable {
    public var rule: Rule
    public var won: Bool
    public var words: String
  }

  public private(set) var terms: [Term] = []
  /// From the most to the least specific.
  public private(set) var rules: [Considered<Buffer>] = []
  /// From the most to the least specific.
  public private(set) var locks: [Considered<LastUnits>] = []
  /// Each balance of the SKU, and whether it counts for the channel.
  public private(set) var balances: [Considered<Balance>] = []
  public private(set) var availableToSell: Quantity = 0

  public init(
    of sku: SKUIndex, on channel: ChannelID, listing: ListingID? = nil,
    in source: some AvailabilitySource
  ) {
    let winner = source.buffer(of: sku, on: channel, listing: listing)
    let target = source.target(sku, channel, listing)
    rules = Self.considered(target.scopes, winner, source)
    let lock = source.lastUnits.winner(of: sku, source.group(of: sku))
    locks = Self.considered(Self.lockScopes(of: sku, source), lock, source)
    let total = sum(of: sku, on: channel, source)
    add("on_hand", total.onHand, "units at the locations that feed the channel")
    add("held", -total.held, "set aside by holds")
    add("committed", -total.committed, "promised to orders and not yet shipped")
    add(winner, weight: source.rateWeight(of: sku))
    if let lock, lock.channel != channel {
      let left = source.available(sku) - lock.units
      if left < availableToSell {
        add(
          "last_units", left - availableToSell,
          "the last \(lock.units) of all units are for \(lock.channel) alone")
      }
    }
    let left = source.besideAllotments(
      sku, on: channel, availableToSell, of: total.available, cap: winner?.cap)
    if left != availableToSell {
      add("allotments", left - availableToSell, Self.words(sku, channel, source))
    }
    if availableToSell < 0 {
      add("floor", -availableToSell, "a channel never shows less than nothing")
    }
  }

  private mutating func add(_ name: String, _ delta: Quantity, _ words: String) {
    availableToSell += delta
    terms.append(Term(name: name, delta: delta, running: availableToSell, words: words))
  }

  private mutating func add(_ rule: Buffer?, weight: Int64) {
    guard let rule else { return add("buffer", 0, "no buffer is set") }
    let hidden = rule.hidden(of: availableToSell, weight: weight)
    add("buffer", -hidden, Self.words(rule))
    if let cap = rule.cap {
      add("cap", min(0, cap - availableToSell), "at most \(cap)")
    }
  }

  // MARK: Locations

  private mutating func sum(
    of sku: SKUIndex, on channel: ChannelID, _ source: some AvailabilitySource
  ) -> Balance {
    let sourcing = source.sourcings[channel]
    var total = Balance(sku: sku, location: LocationIndex(0))
    source.eachBalance(of: sku) { balance in
      let counts = sourcing?.isFed(by: balance.location) ?? true
      if counts { total.add(balance) }
      let words =
        if sourcing?.isFedByAll ?? true {
          "every location feeds \(channel)"
        } else {
          counts ? "feeds \(channel)" : "does not feed \(channel)"
        }
      balances.append(Considered(rule: balance, won: counts, words: words))
    }
    return total
  }

  // MARK: Rules

  static func considered(
    _ scopes: [Buffer.Scope], _ winner: Buffer?, _ source: some AvailabilitySource
  ) -> [Considered<Buffer>] {
    var rules: [Considered<Buffer>] = []
    var isBeaten = false
    for scope in scopes {
      for rule in source.buffers[scope] {
        let won = rule.key == winner?.key
        let why =
          if won {
            "the most specific rule that counts now"
          } else if let start = rule.startTime, start > source.now {
            "it begins later"
          } else if let end = rule.endTime, end <= source.now {
            "it has ended"
          } else if winner?.scope == scope {
            "a rule of the same scope comes before it"
          } else {
            "a more specific rule counts"
          }
        precondition(!won || !isBeaten, "one rule wins")
        isBeaten = isBeaten || won
        rules.append(Considered(rule: rule, won: won, words: "\(Self.words(scope)): \(why)"))
      }
    }
    return rules
  }

  /// From the most to the least specific.
  static func lockScopes(
    of sku: SKUIndex, _ source: some AvailabilitySource
  ) -> [LastUnits.Scope] {
    var scopes = [LastUnits.Scope(sku: sku)]
    if let group = source.group(of: sku) { scopes.append(LastUnits.Scope(group: group)) }
    return scopes + [LastUnits.Scope()]
  }

  static func considered(
    _ scopes: [LastUnits.Scope], _ winner: LastUnits?, _ source: some AvailabilitySource
  ) -> [Considered<LastUnits>] {
    var locks: [Considered<LastUnits>] = []
    for scope in scopes {
      guard let lock = source.lastUnits[scope] else { continue }
      let won = scope == winner?.scope
      let words = Self.words(Buffer.Scope(sku: scope.sku, group: scope.group))
      locks.append(
        Considered(
          rule: lock, won: won,
          words: "\(words): \(won ? "the most specific lock" : "a more specific lock counts")"))
    }
    return locks
  }

  private static func words(
    _ sku: SKUIndex, _ channel: ChannelID, _ source: some AvailabilitySource
  ) -> String {
    let kept = source.allotted(sku, from: channel).map {
      "\($0.remaining) kept by promotion \(source.promotions[$0.promotion].id)"
    }
    let own = source.promotions.own(sku, on: channel, at: source.now).map {
      "\($0.remaining) left of promotion \(source.promotions[$0.promotion].id)"
    }
    return (kept + (own.map { [$0] } ?? [])).joined(separator: "; ")
  }

  private static func words(_ scope: Buffer.Scope) -> String {
    let goods =
      if scope.sku != nil {
        "of this SKU"
      } else {
        scope.group.map { "of every SKU in the group \($0)" } ?? "of every SKU"
      }
    let channel = scope.channel.map { " on \($0)" } ?? ""
    return goods + channel + (scope.listing.map { " in the listing \($0)" } ?? "")
  }

  static func words(_ rule: Buffer) -> String {
    guard let margin = rule.margin else { return "the rule has no margin" }
    let measured = rule.isLagMeasured && rule.followsDemand ? ", the time as measured" : ""
    let least = rule.least > 0 ? ", \(rule.least) at least" : ""
    return words(margin) + measured + least + (rule.most.map { ", \($0) at most" } ?? "")
  }

  private static func words(_ margin: Buffer.Margin) -> String {
    switch margin {
    case .units(let units): "\(units) units"
    case .basisPoints(let points): "\(percent(points)) of what is available, rounded up"
    case .tiers(let threshold, let above, let below):
      "\(above) units while \(threshold) or more are available, else \(below)"
    case .demand(let lag, let factor):
      "\(percent(factor)) of what sells in \(plain(lag.microseconds, per: 1_000_000)) s, rounded up"
    }
  }

  private static func percent(_ points: Int32) -> String { "\(plain(Int64(points), per: 100)) %" }

  /// A quotient by a power of ten, with no more places than it needs: 100, 12.5.
  private static func plain(_ value: Int64, per whole: Int64) -> String {
    let (units, rest) = value.quotientAndRemainder(dividingBy: whole)
    guard rest > 0 else { return "\(units)" }
    var places = "\(whole + rest)".dropFirst()
    while places.last == "0" { places.removeLast() }
    return "\(units).\(places)"
  }
}
