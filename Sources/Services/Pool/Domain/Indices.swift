/// A SKU as the pool counts it inside: its place in the order of creation. Never used again.
public struct SKUIndex: Hashable, Comparable, Sendable {
  public let number: Int32

  public init(_ number: Int) {
    self.number = Int32(number)
  }

  public var int: Int { Int(number) }

  public static func < (left: SKUIndex, right: SKUIndex) -> Bool { left.number < right.number }
}

/// A location as the pool counts it inside: its place in the order of creation. Never used again.
public struct LocationIndex: Hashable, Comparable, Sendable {
  public let number: Int32

  public init(_ number: Int) {
    self.number = Int32(number)
  }

  public var int: Int { Int(number) }

  public static func < (left: LocationIndex, right: LocationIndex) -> Bool {
    left.number < right.number
  }
}
