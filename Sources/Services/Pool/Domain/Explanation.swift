public import Primitives

/// How a channel's number for a SKU comes about.
public struct Explanation: Hashable, Sendable {
  /// One step of the sum.
  public struct Term: Hashable, Sendable {
    public var name: String
    public var delta: Quantity
    /// The sum after it.
    public var running: Quantity
    public var words: String
  }

  /// A buffer that was considered.
  public struct Rule: Hashable, Sendable {
    public var buffer: Buffer
    public var won: Bool
    public var words: String
  }

  public private(set) var terms: [Term] = []
  /// From the most to the least specific.
  public private(set) var rules: [Rule] = []
  public private(set) var availableToSell: Quantity = 0

  /// - Parameter total: the sum of the SKU's balances.
  public init(of sku: SKUIndex, on channel: ChannelID, total: Balance, buffers: BufferTable) {
    let winner = buffers.winner(of: sku, on: channel)
    for scope in BufferTable.scopes(of: sku, on: channel) {
      guard let buffer = buffers[scope] else { continue }
      let won = buffer.scope == winner?.scope
      rules.append(
        Rule(
          buffer: buffer, won: won,
          words: won
            ? "the most specific rule: \(Self.words(scope))"
            : "\(Self.words(scope)): a more specific rule counts"))
    }
    add("on_hand", total.onHand, "units at all locations")
    add("held", -total.held, "set aside by holds")
    add("committed", -total.committed, "promised to orders and not yet shipped")
    let margin = winner?.margin?.units(of: availableToSell) ?? 0
    add("buffer", -margin, winner.map { Self.words($0.margin) } ?? "no buffer is set")
    if let cap = winner?.cap {
      add("cap", min(0, cap - availableToSell), "at most \(cap)")
    }
    if availableToSell < 0 {
      add("floor", -availableToSell, "a channel never shows less than nothing")
    }
  }

  private mutating func add(_ name: String, _ delta: Quantity, _ words: String) {
    availableToSell += delta
    terms.append(Term(name: name, delta: delta, running: availableToSell, words: words))
  }

  private static func words(_ scope: Buffer.Scope) -> String {
    switch (scope.sku, scope.channel) {
    case (.some, .some(let channel)): "of this SKU on \(channel)"
    case (.some, nil): "of this SKU"
    case (nil, .some(let channel)): "of every SKU on \(channel)"
    case (nil, nil): "of every SKU"
    }
  }

  private static func words(_ margin: Buffer.Margin?) -> String {
    switch margin {
    case .units(let units): "\(units) units"
    case .basisPoints(let points):
      "\(points / 100).\(points % 100 / 10)\(points % 10) % of what is available, rounded up"
    case nil: "the rule has no margin"
    }
  }
}
