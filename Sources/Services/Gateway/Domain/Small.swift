/// A count in four bytes, since there are many listings; what does not fit stays at the bound.
@propertyWrapper
public struct Small: Equatable, Sendable {
  private var raw: Int32

  public init(wrappedValue: Int) {
    raw = Int32(clamping: wrappedValue)
  }

  public var wrappedValue: Int {
    get { Int(raw) }
    set { raw = Int32(clamping: newValue) }
  }
}
