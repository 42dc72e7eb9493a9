/// Bounds of what is decoded. libprotobuf-c has none of its own.
public struct CodecLimits: Sendable {
  /// Messages inside messages, the outermost counted. Messages of OnePool need 6.
  public var maximumDepth: Int
  /// Bytes that the decoded C structures may take: 2 bytes on the wire can become a structure of 200.
  public var maximumDecodedBytes: Int

  public init(maximumDepth: Int, maximumDecodedBytes: Int) {
    self.maximumDepth = maximumDepth
    self.maximumDecodedBytes = maximumDecodedBytes
  }

  /// The largest request, a sale of 10,000 lines, takes 2 to 3 MiB; many may be decoded at a time.
  public static let standard = CodecLimits(maximumDepth: 32, maximumDecodedBytes: 32 << 20)
}
