/// Where the model counts units, so that it never chooses a location.
///
/// A SKU that lies at one location is asked for by its name alone (`TEE-A`); one that goes to and fro, always with the
/// location (`BOX@A`). What a customer asks for may also be a bundle, which lies nowhere (`KIT`).
enum Shelf {
  static let moving = "BOX"
  /// The channel whose holds choose a location: it sells nothing that is not there.
  static let till = "till"
  static let bundles = ["KIT", "SET"]

  static func all(of sku: String) -> [String] {
    sku == moving ? ["\(sku)@A", "\(sku)@B"] : [sku]
  }

  static func sku(_ shelf: String) -> String { String(shelf.prefix { $0 != "@" }) }

  /// The location that a request names; empty when it names none.
  static func named(_ shelf: String) -> String {
    shelf.contains("@") ? String(shelf.suffix(1)) : ""
  }

  static func location(_ shelf: String) -> String {
    shelf.contains("@") || shelf.hasSuffix("B") ? String(shelf.suffix(1)) : "A"
  }
}
