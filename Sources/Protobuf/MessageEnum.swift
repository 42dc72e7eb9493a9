/// A generated enumeration. A number that this code does not know is kept as `.unrecognized`, and so survives
/// decoding and encoding; who cannot act on it refuses it.
public protocol MessageEnum: RawRepresentable, CaseIterable, Hashable, Sendable
where RawValue == Int32 {
  /// The value with the number zero, which an unset field has.
  init()
  init(rawValue: Int32)
}
