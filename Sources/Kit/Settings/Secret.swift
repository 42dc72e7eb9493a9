/// Bytes that must not be shown: a log line or an error text of it says `(secret)`.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
  public let bytes: [UInt8]

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  public init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// The secret as text, for a library that wants it so.
  public var text: String { String(decoding: bytes, as: UTF8.self) }
  public var description: String { "(secret)" }
  public var debugDescription: String { "(secret)" }
}
