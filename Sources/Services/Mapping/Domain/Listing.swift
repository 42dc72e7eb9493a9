public import Primitives

/// What an account sells, and what it takes from the pool.
///
///     unmapped ──link──▶ mapped ──unlink──▶ unmapped
///
/// It has one live link at most; a link is never changed, only ended and followed by another.
public struct Listing: Equatable, Sendable {
  /// How the channel shows it.
  public enum State: String, CaseIterable, Sendable {
    case live, hidden, deleted
  }

  /// What the channel says of it.
  public struct Facts: Equatable, Sendable {
    public var sellerSKU: String
    public var title: String
    public var state: State
    public var attributes: [String: String]

    public init(
      sellerSKU: String, title: String = "", state: State = .live,
      attributes: [String: String] = [:]
    ) {
      self.sellerSKU = sellerSKU
      self.title = title
      self.state = state
      self.attributes = attributes
    }
  }

  public let id: ListingID
  public let accountID: AccountID
  public let channelID: ChannelID
  public let key: ListingKey
  public private(set) var facts: Facts
  /// The live link.
  public private(set) var link: Link?

  public init(
    id: ListingID, accountID: AccountID, channelID: ChannelID, key: ListingKey, facts: Facts,
    link: Link? = nil
  ) {
    precondition(link?.endTime == nil, "only a live link is held here")
    self.id = id
    self.accountID = accountID
    self.channelID = channelID
    self.key = key
    self.facts = facts
    self.link = link
  }

  /// Takes what the channel says now; returns whether it differs. Links stay.
  public mutating func update(_ facts: Facts) -> Bool {
    guard self.facts != facts else { return false }
    self.facts = facts
    return true
  }

  /// Links it; returns false when it is linked so already.
  public mutating func link(
    to components: [Component], origin: Link.Origin, actor: String, now: Timestamp
  ) throws(MappingError) -> Bool {
    if let link {
      guard link.takes(components) else { throw .linkExists(id) }
      return false
    }
    link = Link(components: components, origin: origin, actor: actor, startTime: now)
    return true
  }

  /// Ends the live link and returns it; nil when there is none.
  public mutating func unlink(now: Timestamp) -> Link? {
    guard var ended = link else { return nil }
    // A clock that was set back must not make a link end before it began.
    ended.endTime = max(now, ended.startTime)
    link = nil
    return ended
  }

  /// Links it one to one when it has no link and its code is exactly one of `known`; returns whether it did.
  public mutating func linkExactly(to known: Set<String>, now: Timestamp) -> Bool {
    guard link == nil, known.contains(facts.sellerSKU) else { return false }
    link = Link(
      components: [Component(sku: SKU(trusted: facts.sellerSKU), quantity: 1)], origin: .exactSKU,
      actor: "", startTime: now)
    return true
  }
}
