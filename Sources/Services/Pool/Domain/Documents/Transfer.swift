public import Primitives

/// Units that go from one location to another. While they are on their way, they are at neither: nobody can sell
/// them, and the destination sees them as incoming.
///
///     draft ──ship──▶ in transit ──receive──▶ partially received ──receive──▶ received
///       │                 └────────────── write off ──┴──▶ short
///       └──cancel──▶ cancelled
///
public struct Transfer: Hashable, Sendable {
  public enum State: UInt8, CaseIterable, Sendable {
    case draft = 1
    case inTransit, partiallyReceived, received, short, cancelled
  }

  public struct Line: Hashable, Sendable {
    public var lineID: String
    public var sku: SKUIndex
    public var quantity: Quantity
    public internal(set) var received: Quantity = 0
    /// Written off on the way.
    public internal(set) var lost: Quantity = 0

    public init(
      lineID: String, sku: SKUIndex, quantity: Quantity, received: Quantity = 0,
      lost: Quantity = 0
    ) {
      self.lineID = lineID
      self.sku = sku
      self.quantity = quantity
      self.received = received
      self.lost = lost
    }

    /// On its way, once the transfer is shipped.
    public var open: Quantity { quantity - received - lost }
  }

  public struct Terms: Hashable, Sendable {
    public var source: LocationIndex
    public var destination: LocationIndex
    public var lines: [Line]
    public var expectTime: Timestamp?

    public init(
      source: LocationIndex, destination: LocationIndex, lines: [Line], expectTime: Timestamp?
    ) {
      self.source = source
      self.destination = destination
      self.lines = lines
      self.expectTime = expectTime
    }
  }

  public let id: TransferID
  public internal(set) var terms: Terms
  public internal(set) var state: State
  public internal(set) var receipts: [Receipt]
  /// Lots on their way, what expires first in front; `movement` is the line's place.
  public internal(set) var lots: [LotUnits]
  public internal(set) var shipTime: Timestamp?
  /// Why units were written off, or the transfer cancelled.
  public internal(set) var reason: String
  public internal(set) var header: DocumentHeader

  public init(
    id: TransferID, terms: Terms, state: State = .draft, receipts: [Receipt] = [],
    lots: [LotUnits] = [],
    shipTime: Timestamp? = nil, reason: String = "", header: DocumentHeader
  ) {
    self.id = id
    self.terms = terms
    self.state = state
    self.receipts = receipts
    self.lots = lots
    self.shipTime = shipTime
    self.reason = reason
    self.header = header
  }

  var key: DocumentKey { DocumentKey(id) }

  var isEnded: Bool { state == .received || state == .short || state == .cancelled }
  var isOnItsWay: Bool { state == .inTransit || state == .partiallyReceived }

  var incoming: [(sku: SKUIndex, incoming: Incoming)] {
    guard isOnItsWay else { return [] }
    return terms.lines.compactMap { line in
      guard line.open > 0 else { return nil }
      return (
        line.sku,
        Incoming(
          document: key, location: terms.destination, quantity: line.open,
          expectTime: terms.expectTime)
      )
    }
  }
}
