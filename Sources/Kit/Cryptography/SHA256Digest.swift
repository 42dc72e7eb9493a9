/// What SHA-256 makes of a message: 32 bytes, without memory of their own.
public struct SHA256Digest: Hashable, Sendable {
  public static let byteCount = 32
  /// All zero: what stands before the first link of a chain.
  public static let zero = SHA256Digest()

  // In the order of the bytes in memory.
  private var first: UInt64 = 0
  private var second: UInt64 = 0
  private var third: UInt64 = 0
  private var fourth: UInt64 = 0

  init() {}

  /// Nil for another number of bytes.
  public init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    withMutableBytes { $0.copyBytes(from: bytes) }
  }

  public var bytes: [UInt8] { withBytes { [UInt8]($0) } }

  /// The first eight bytes as a number.
  public var prefix: UInt64 { UInt64(bigEndian: first) }

  public func withBytes<T>(_ body: (UnsafeRawBufferPointer) -> T) -> T {
    withUnsafeBytes(of: self, body)
  }

  mutating func withMutableBytes<T>(_ body: (UnsafeMutableRawBufferPointer) -> T) -> T {
    withUnsafeMutableBytes(of: &self, body)
  }
}
