public import Primitives

/// How a channel's number for a bundle comes about: each component's own sum, the fewest bundles that one of them makes,
/// and what the bundle's own rules leave of these. It is the sum of `AvailabilitySource.availableToSell(ofBundle:)`.
public struct BundleExplanation: Hashable, Sendable {
  public struct Component: Hashable, Sendable {
    public let part: Bundle.Part
    /// How many of it the channel may show.
    public let explanation: Explanation
    /// How many bundles these make.
    public let bundles: Quantity
    /// Whether no other component makes fewer.
    public fileprivate(set) var binds = false
  }

  public private(set) var components: [Component] = []
  public private(set) var terms: [Explanation.Term] = []
  /// Those of the bundle's own, from the most to the least specific.
  public private(set) var rules: [Explanation.Considered<Buffer>] = []
  public private(set) var locks: [Explanation.Considered<LastUnits>] = []
  public private(set) var availableToSell: Quantity = 0

  /// - Parameter parts: what the bundle comes to, without any bundle among them.
  public init(
    of sku: SKUIndex, _ parts: [Bundle.Part], on channel: ChannelID, listing: ListingID? = nil,
    in source: some AvailabilitySource
  ) {
    for part in parts {
      let explanation = Explanation(of: part.sku, on: channel, in: source)
      components.append(
        Component(
          part: part, explanation: explanation,
          bundles: explanation.availableToSell / part.units))
    }
    let fewest = components.map(\.bundles).min() ?? 0
    for place in components.indices {
      components[place].binds = components[place].bundles == fewest
    }
    addComponents()
    addOwnRules(of: sku, on: channel, listing, source)
    if availableToSell < 0 {
      add("floor", -availableToSell, "a channel never shows less than nothing")
    }
  }

  private mutating func add(_ name: String, _ delta: Quantity, _ words: String) {
    availableToSell += delta
    terms.append(
      Explanation.Term(name: name, delta: delta, running: availableToSell, words: words))
  }

  private mutating func addComponents() {
    for (number, component) in components.enumerated() {
      let next = number == 0 ? component.bundles : min(availableToSell, component.bundles)
      add(
        "component", next - availableToSell,
        "\(component.explanation.availableToSell) to sell of component \(number + 1), "
          + "\(component.part.units) in a bundle")
    }
  }

  /// The rules for all SKUs have counted in the components already.
  private mutating func addOwnRules(
    of sku: SKUIndex, on channel: ChannelID, _ listing: ListingID?,
    _ source: some AvailabilitySource
  ) {
    let winner = source.ownBuffer(ofBundle: sku, on: channel, listing: listing)
    let scopes = source.target(sku, channel, listing).scopes.filter {
      $0.sku != nil || $0.group != nil
    }
    rules = Explanation.considered(scopes, winner, source)
    if let winner {
      add("buffer", -winner.hidden(of: availableToSell), Explanation.words(winner))
      if let cap = winner.cap {
        add("cap", min(0, cap - availableToSell), "at most \(cap)")
      }
    }
    let lock = source.lastUnits.winner(of: sku, source.group(of: sku))
    let own = lock?.scope == LastUnits.Scope() ? nil : lock
    let lockScopes = Explanation.lockScopes(of: sku, source).filter { $0 != LastUnits.Scope() }
    locks = Explanation.considered(lockScopes, own, source)
    guard let own, own.channel != channel else { return }
    let left = source.availableUnits(sku) - own.units
    if left < availableToSell {
      add(
        "last_units", left - availableToSell,
        "the last \(own.units) of all bundles are for \(own.channel) alone")
    }
  }
}
