/// Where bytes from outside come in. Each takes any bytes, and dies only of a mistake of ours.
enum FuzzEntry: String, CaseIterable, Sendable {
  /// gRPC's length-prefixed messages, in pieces of any size.
  case framing
  /// Base64, percent encoding, timeouts.
  case text
  case json
  case protobuf
  /// A server's end of an HTTP/2 connection.
  case session

  /// What the command line names.
  static let chosen = CommandLine.arguments.dropFirst().first.flatMap(FuzzEntry.init)

  func run(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .framing: FramingEntry.run(bytes)
    case .text: TextEntry.run(bytes)
    case .json: MessageEntry.json(bytes)
    case .protobuf: MessageEntry.protobuf(bytes)
    case .session: SessionEntry.run(bytes)
    }
  }
}
