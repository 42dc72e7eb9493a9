internal import CMessages

/// `google.protobuf.Duration`. What is shorter than a nanosecond is cut off.
extension Duration: Message {
  /// 10,000 years, as the type's own definition says.
  private static let maximumSeconds: Int64 = 315_576_000_000

  public static let descriptor: MessageDescriptor = {
    var empty = Google__Protobuf__Duration()
    google__protobuf__duration__init(&empty)
    return MessageDescriptor(empty.base.descriptor)
  }()

  /// No time at all.
  public init() {
    self = .zero
  }

  public init(reading raw: UnsafeRawPointer) throws(CodecError) {
    let source = raw.assumingMemoryBound(to: Google__Protobuf__Duration.self)
    let seconds = source.pointee.seconds
    let nanoseconds = Int64(source.pointee.nanos)
    guard seconds.magnitude <= Self.maximumSeconds.magnitude,
      nanoseconds.magnitude < 1_000_000_000,
      seconds == 0 || nanoseconds == 0 || (seconds < 0) == (nanoseconds < 0)
    else {
      throw CodecError("is not a span of 10,000 years at most whose parts have one sign")
    }
    self = .seconds(seconds) + .nanoseconds(nanoseconds)
  }

  public func write(to raw: UnsafeMutableRawPointer, in arena: Arena) {
    let target = raw.assumingMemoryBound(to: Google__Protobuf__Duration.self)
    target.pointee.seconds = components.seconds
    target.pointee.nanos = Int32(components.attoseconds / 1_000_000_000)
  }
}
