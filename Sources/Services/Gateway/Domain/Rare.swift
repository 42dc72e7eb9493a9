/// A value that hardly any listing has at a time, in the eight bytes of an empty array: there are many listings.
@propertyWrapper
public struct Rare<Value: Equatable & Sendable>: Equatable, Sendable {
  /// One at most.
  private var values: [Value] = []

  public init() {}

  public var wrappedValue: Value? {
    get { values.first }
    set { values = newValue.map { [$0] } ?? [] }
  }
}
