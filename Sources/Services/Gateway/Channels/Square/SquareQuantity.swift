internal import ChannelAdapter
internal import Primitives

/// Units as Square writes them: a decimal number of up to five places, as text; goods that are sold
/// by weight have a fraction.
struct SquareQuantity: Decodable, Equatable, Sendable {
  private let whole: Int64
  private let hasFraction: Bool
  private let isNegative: Bool

  /// Units that a sale of it takes: a part of a unit takes the unit.
  var taken: Quantity { isNegative ? -whole : whole + (hasFraction ? 1 : 0) }

  /// Units that can be sold when so much is there.
  var shown: Quantity { isNegative ? -whole - (hasFraction ? 1 : 0) : whole }

  init?(_ text: String) {
    var digits = Substring(text)
    isNegative = digits.first == "-"
    if isNegative { digits = digits.dropFirst() }
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count),
      parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let whole = Int64(parts[0]), whole <= QuantityLimits.maximum
    else { return nil }
    self.whole = whole
    hasFraction = parts.count == 2 && parts[1].contains { $0 != "0" }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text =
      (try? container.decode(String.self)) ?? (try? container.decode(Int64.self)).map(String.init)
    guard let text, let value = SquareQuantity(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a quantity is a decimal number, as text")
    }
    self = value
  }
}
