public import Primitives

/// A return's or an order's name for one of its lines.
public struct LineID: Identifier {
  public static let noun = "line"
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}
