internal import Primitives

/// The `query` argument of a list: `updated_at:>='2026-01-05T00:00:00Z' AND sku:TEE-BLK-M`. What is
/// not known is passed over, as the platform does it.
struct ShopifySearch {
  private struct Term {
    var name: String
    var comparison: String
    var value: String
  }

  private let terms: [Term]

  init(_ text: String?) {
    terms = Self.pieces(text ?? "").compactMap { piece in
      guard let colon = piece.firstIndex(of: ":") else { return nil }
      let rest = piece[piece.index(after: colon)...]
      let comparison = rest.prefix { "<>=".contains($0) }
      let value = rest.dropFirst(comparison.count).filter { $0 != "'" && $0 != "\"" }
      return Term(
        name: String(piece[..<colon]), comparison: comparison.isEmpty ? "=" : String(comparison),
        value: String(value))
    }
  }

  /// Cut at spaces that are not inside quotes.
  private static func pieces(_ text: String) -> [String] {
    var pieces = [""]
    var quote: Character?
    for character in text {
      if let open = quote {
        if character == open { quote = nil }
      } else if character == "'" || character == "\"" {
        quote = character
      }
      if character == " ", quote == nil {
        pieces.append("")
      } else {
        pieces[pieces.count - 1].append(character)
      }
    }
    return pieces
  }

  /// The value that a field must be equal to.
  func value(_ name: String) -> String? { values(name).first }

  /// The values of which a field must be equal to one: `a:1 OR a:2`.
  func values(_ name: String) -> [String] {
    terms.filter { $0.name == name && $0.comparison == "=" }.map(\.value)
  }

  func window(_ name: String) -> (from: Timestamp, to: Timestamp) {
    var from = Timestamp.zero
    var to = Timestamp.distantFuture
    for term in terms where term.name == name {
      guard let time = ISOTime.parse(term.value) else { continue }
      switch term.comparison {
      case ">=": from = max(from, time)
      case ">": from = max(from, Timestamp(microseconds: time.microseconds + 1))
      case "<=": to = min(to, time)
      case "<": to = min(to, Timestamp(microseconds: time.microseconds - 1))
      default: (from, to) = (time, time)
      }
    }
    return (from, to)
  }
}
