/// Where an order goes, as far as its channel tells and the gateway needs it: no name, no street.
public struct ChannelAddress: Sendable, Equatable {
  /// The longest name of a place that is looked at, in bytes.
  static let maximumBytes = 100

  /// As the channel writes it: a code or a name.
  public var country: String
  /// State, province, city, by each of the names that the channel has for them.
  public var regions: [String]
  public var postalCode: String

  /// Nil when the channel tells nothing. What it has hidden (`S****1`) is not known.
  public init?(country: String?, regions: [String?], postalCode: String?) {
    self.country = Self.known(country) ?? ""
    self.regions = regions.compactMap(Self.known)
    self.postalCode = Self.known(postalCode) ?? ""
    if self.country.isEmpty, self.regions.isEmpty, self.postalCode.isEmpty { return nil }
  }

  private static func known(_ text: String?) -> String? {
    guard let text, !text.isEmpty, text.utf8.count <= maximumBytes, !text.contains("*") else {
      return nil
    }
    return text
  }
}
