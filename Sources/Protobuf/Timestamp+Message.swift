internal import CMessages
public import Primitives

/// `google.protobuf.Timestamp`. Nanoseconds are cut to the microseconds that OnePool counts in.
extension Timestamp: Message {
  private static let secondsInYears1To9999: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

  public static let descriptor: MessageDescriptor = {
    var empty = Google__Protobuf__Timestamp()
    google__protobuf__timestamp__init(&empty)
    return MessageDescriptor(empty.base.descriptor)
  }()

  /// 1970-01-01T00:00:00Z, which an empty `google.protobuf.Timestamp` stands for.
  public init() {
    self = .zero
  }

  public init(reading raw: UnsafeRawPointer) throws(CodecError) {
    let source = raw.assumingMemoryBound(to: Google__Protobuf__Timestamp.self)
    let seconds = source.pointee.seconds
    let nanoseconds = source.pointee.nanos
    guard Self.secondsInYears1To9999.contains(seconds), 0..<1_000_000_000 ~= nanoseconds else {
      throw CodecError("is not a time in the years 1 to 9999")
    }
    self.init(seconds: seconds, nanoseconds: nanoseconds)
  }

  public func write(to raw: UnsafeMutableRawPointer, in arena: Arena) {
    let target = raw.assumingMemoryBound(to: Google__Protobuf__Timestamp.self)
    target.pointee.seconds = seconds
    target.pointee.nanos = nanoseconds
  }
}
