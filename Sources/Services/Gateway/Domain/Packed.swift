public import Primitives

/// A number or nothing in the eight bytes of a number, since there are many listings: the least number stands for nothing.
@propertyWrapper
public struct Packed<Value: PackedNumber>: Equatable, Sendable {
  private var raw: Int64

  public init() {
    raw = .min
  }

  public init(wrappedValue: Value?) {
    raw = wrappedValue?.packed ?? .min
  }

  public var wrappedValue: Value? {
    get { raw == .min ? nil : Value(packed: raw) }
    set { raw = newValue?.packed ?? .min }
  }
}

public protocol PackedNumber: Equatable, Sendable {
  init(packed: Int64)
  var packed: Int64 { get }
}

extension Quantity: PackedNumber {
  public init(packed: Int64) { self = packed }
  public var packed: Int64 { self }
}

/// Microseconds since 1970.
extension Timestamp: PackedNumber {
  public init(packed: Int64) { self.init(microseconds: packed) }
  public var packed: Int64 { microseconds }
}

/// Whole microseconds: no lag is measured finer.
extension Duration: PackedNumber {
  public init(packed: Int64) { self = .microseconds(packed) }
  public var packed: Int64 { microseconds }
}
