public import Primitives

/// A count of units in an order or a return, sent as a whole number or as text. One that no line can have is refused with
/// all of its answer: whatever it was to be, it is not to be deducted.
public struct UnitCount: Decodable, Hashable, Sendable {
  public let value: Quantity

  public init(from decoder: any Decoder) throws {
    let number = try LossyInt(from: decoder).value
    guard (0...QuantityLimits.maximum).contains(number) else {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(
          codingPath: decoder.codingPath,
          debugDescription: "units are from 0 to \(QuantityLimits.maximum)"))
    }
    value = number
  }
}

extension LossyInt {
  /// As the number that a listing shows: less than nothing is nothing. Nil for one that none can show: it is not known then.
  public var shownCount: Quantity? { value > QuantityLimits.maximum ? nil : max(0, value) }
}
