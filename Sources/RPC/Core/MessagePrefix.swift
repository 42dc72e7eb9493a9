/// What stands in front of each message of a call: a flag byte, four bytes of length (`doc/PROTOCOL-HTTP2.md`).
public enum MessagePrefix {
  /// Its length.
  public static let bytes = 5

  /// Fills the prefix of a message that is not compressed: `framed` is the message behind room for it.
  @usableFromInline static func fill(_ framed: inout [UInt8]) {
    let length = UInt32(framed.count - bytes)
    framed.withUnsafeMutableBytes {
      $0[0] = 0
      $0.storeBytes(of: length.bigEndian, toByteOffset: 1, as: UInt32.self)
    }
  }
}
