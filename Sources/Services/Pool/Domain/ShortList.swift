/// A list that mostly has one element, which then needs no memory of its own.
public struct ShortList<Element> {
  private var first: Element?
  private var rest: [Element] = []

  public init() {}

  public init(only element: Element) {
    first = element
  }

  public init(_ elements: some Sequence<Element>) {
    for element in elements { append(element) }
  }

  public mutating func append(_ element: Element) {
    if first == nil { first = element } else { rest.append(element) }
  }

  public mutating func reserveCapacity(_ count: Int) {
    if count > 1 { rest.reserveCapacity(count - 1) }
  }

  static func += (left: inout ShortList, right: ShortList) {
    for element in right { left.append(element) }
  }
}

extension ShortList: RandomAccessCollection, MutableCollection, ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Element...) {
    self.init(elements)
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { first == nil ? 0 : 1 + rest.count }

  public subscript(position: Int) -> Element {
    get {
      guard position > 0 else {
        guard let first else { preconditionFailure("the list is empty") }
        return first
      }
      return rest[position - 1]
    }
    set {
      precondition(position < endIndex, "a place in the list")
      if position == 0 { first = newValue } else { rest[position - 1] = newValue }
    }
  }
}

extension ShortList: Sendable where Element: Sendable {}
extension ShortList: Equatable where Element: Equatable {}
extension ShortList: Hashable where Element: Hashable {}
