/// What one unit of a listing takes from the pool: mostly one SKU, which is kept in place.
public struct ListingComponents: Sequence, Equatable, Sendable {
  private let first: SKUAmount?
  private let others: [SKUAmount]

  public init(_ all: some Sequence<SKUAmount>) {
    var rest = Array(all)
    first = rest.isEmpty ? nil : rest.removeFirst()
    others = rest.isEmpty ? [] : rest
  }

  public var isEmpty: Bool { first == nil }

  public struct Iterator: IteratorProtocol {
    fileprivate var first: SKUAmount?
    fileprivate var others: ArraySlice<SKUAmount>

    public mutating func next() -> SKUAmount? {
      guard let found = first else { return others.popFirst() }
      first = nil
      return found
    }
  }

  public func makeIterator() -> Iterator { Iterator(first: first, others: others[...]) }
}
