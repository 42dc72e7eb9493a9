public import Primitives

/// The channel's ID of an item.
public struct ItemID: Identifier {
  public static let noun = "item"
  public static let maximumBytes = 64
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// The channel's ID of an item's variation.
public struct VariationID: Identifier {
  public static let noun = "variation"
  public static let maximumBytes = 64
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}

/// What a channel calls one thing that it sells: an item, or one of its variations.
public struct ListingKey: Hashable, Comparable, Sendable {
  public var itemID: ItemID
  /// Nil when the item has none.
  public var variationID: VariationID?

  public init(itemID: ItemID, variationID: VariationID? = nil) {
    self.itemID = itemID
    self.variationID = variationID
  }

  public static func < (left: ListingKey, right: ListingKey) -> Bool {
    (left.itemID.text, left.variationID?.text ?? "")
      < (right.itemID.text, right.variationID?.text ?? "")
  }

  /// `account/item/variation`. A slash or percent sign of the channel's is written as in a URL, so that no two
  /// listings can have the same ID.
  public func listingText(of accountID: AccountID) -> String {
    let variation = variationID.map { Self.escaped($0.text) } ?? ""
    return "\(accountID)/\(Self.escaped(itemID.text))/\(variation)"
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "%": escaped += "%25"
      case "/": escaped += "%2F"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
