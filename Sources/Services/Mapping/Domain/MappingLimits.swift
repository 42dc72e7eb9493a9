public import Primitives

/// Bounds of what the service takes in.
public enum MappingLimits {
  /// Listings of one import.
  public static let importedListings = 1_000
  /// SKUs that an import may name as known.
  public static let knownSKUs = 10_000
  /// Lines of one order.
  public static let lines = 10_000
  /// SKUs of one bundle, and units of each in one unit sold.
  public static let components = 50
  public static let componentUnits: Quantity = 10_000
  /// Attributes of one listing.
  public static let attributes = 50
  /// Text fields, in bytes.
  public static let displayNameBytes = 200
  public static let externalIDBytes = 200
  public static let sellerSKUBytes = 200
  public static let titleBytes = 500
  public static let attributeBytes = 200
  public static let actorBytes = 128
  /// Listings of one seller's code that are looked at to tell whether it means one thing.
  public static let codeMatches = 3
}
