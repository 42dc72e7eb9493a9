public import Primitives

/// An order's name for one of its lines; the pool knows the line by the same.
public struct LineID: Identifier {
  public static let noun = "line"
  public let text: String

  public init(trusted text: String) {
    self.text = text
  }
}
