/// What an order can do without: when it is of another type than expected, it is not there.
public struct Lossy<Value: Decodable & Sendable>: Decodable, Sendable {
  public let value: Value?

  public init(from decoder: any Decoder) throws {
    value = try? Value(from: decoder)
  }
}

extension Lossy where Value == FlexibleID {
  public var text: String? { value?.text }
}
