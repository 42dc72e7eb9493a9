public import Primitives

/// A shop's own ID on its channel.
public struct ShopID: Identifier {
  public static let noun = "shop"
  public static let maximumBytes = MappingLimits.externalIDBytes
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}
