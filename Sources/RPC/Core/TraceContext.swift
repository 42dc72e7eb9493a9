/// A call's place in a distributed trace, as `traceparent` carries it (W3C Trace Context, section 3.2).
public struct TraceContext: Sendable, Hashable {
  public static let headerName = "traceparent"

  /// 16 bytes in lower case hexadecimal; not all zero.
  public let traceID: String
  /// The span that makes the call: 8 bytes in lower case hexadecimal; not all zero.
  public let parentID: String
  /// Bit 0: the caller may have recorded it.
  public let flags: UInt8

  /// Reads `version-traceid-parentid-flags`; nil when it is none. A version of the future is read as far as this one goes.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count >= 4, Self.isHex(parts[0], 2), parts[0] != "ff",
      parts[0] != "00" || parts.count == 4, Self.isHex(parts[1], 32), Self.isHex(parts[2], 16),
      parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
      Self.isHex(parts[3], 2), let flags = UInt8(parts[3], radix: 16)
    else { return nil }
    self.init(traceID: String(parts[1]), parentID: String(parts[2]), flags: flags)
  }

  private init(traceID: String, parentID: String, flags: UInt8) {
    self.traceID = traceID
    self.parentID = parentID
    self.flags = flags
  }

  /// A trace that begins here; it is not marked as recorded.
  public static func random() -> TraceContext {
    TraceContext(
      traceID: hex(.random(in: 1...UInt64.max)) + hex(.random(in: 1...UInt64.max)),
      parentID: hex(.random(in: 1...UInt64.max)), flags: 0)
  }

  /// The same trace from a new span on: what a call made for this one carries.
  public func child() -> TraceContext {
    TraceContext(
      traceID: traceID, parentID: Self.hex(.random(in: 1...UInt64.max)), flags: flags)
  }

  public var text: String {
    "00-\(traceID)-\(parentID)-\(flags < 16 ? "0" : "")\(String(flags, radix: 16))"
  }

  private static func hex(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private static func isHex(_ text: Substring, _ count: Int) -> Bool {
    text.utf8.count == count
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}
