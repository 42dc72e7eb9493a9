public import Primitives

/// A channel's name for a line of an order.
public struct LineID: Identifier {
  public static let noun = "line"
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}
