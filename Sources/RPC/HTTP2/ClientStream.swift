internal import Primitives
internal import RPCCore

/// One call of a client, from before its connection is there to its status. Used on the channel's loop only.
final class ClientStream {
  let method: MethodDescriptor
  let metadata: Metadata
  let deadline: Deadline
  /// Unary calls get their one message here; streams take theirs by `take`.
  var unary: CheckedContinuation<Result<[UInt8], RPCError>, Never>?
  let isUnary: Bool
  /// The stream on the connection; nil while the call waits for one.
  var streamID: Int32?
  weak var connection: ClientConnection?
  /// Kept until the server answers: a call that the server has not looked at is sent again elsewhere.
  var output = ByteQueue(keepsTaken: true)
  var outputEnded = false
  var input: MessageFraming
  /// Bytes of a streaming call that came and that the server was not given room for again.
  var unconsumedBytes = 0
  var inputEnded = false
  var httpStatus = 0
  var contentType = ""
  var status: Int32?
  var statusMessage = ""
  var statusDetails: [UInt8] = []
  /// How the call ended; nil while it goes on. `.success` is OK.
  var end: Result<Void, RPCError>?
  var timer: UInt64?
  var reader: CheckedContinuation<Void, Never>?
  var writer: CheckedContinuation<Void, Never>?
  /// Whether the server has answered anything: a call that it has not may be moved to another connection.
  private(set) var hasAnswer = false
  /// How often the call was moved to another connection.
  private var moves = 0

  init(
    method: MethodDescriptor, metadata: Metadata, deadline: Deadline, isUnary: Bool,
    messageBytes: Int
  ) {
    self.method = method
    self.metadata = metadata
    self.deadline = deadline
    self.isUnary = isUnary
    input = MessageFraming(maximumBytes: messageBytes)
  }

  func answered() {
    hasAnswer = true
    output.forgetTaken()
  }

  /// Makes a call that the server has not looked at ready for another connection; false when it was moved
  /// `limit` times before, or when what was sent is no longer there.
  func move(atMost limit: Int) -> Bool {
    guard !hasAnswer, moves < limit, output.rewind() else { return false }
    moves += 1
    streamID = nil
    connection = nil
    return true
  }

  func wakeReader() {
    reader?.resume()
    reader = nil
  }

  func wakeWriter() {
    writer?.resume()
    writer = nil
  }

  func headers(authority: String) -> HeaderBlock {
    var headers = HeaderBlock([
      (":method", "POST"), (":scheme", "http"), (":path", method.path), (":authority", authority),
      ("te", "trailers"), ("content-type", "application/grpc"), ("user-agent", "onepool"),
    ])
    if deadline != .never { headers.add("grpc-timeout", TimeoutCodec.encode(deadline.remaining)) }
    for entry in metadata.entries { headers.add(entry.name, entry.value) }
    return headers
  }

  /// The status that the trailers carry, or what their absence means.
  func trailingStatus() -> Result<Void, RPCError> {
    guard let status else {
      let code = httpStatus == 200 ? RPCCode.unknown : RPCCode(httpStatus: httpStatus)
      return .failure(
        RPCError(code, "", "The server ended the call without a status (HTTP \(httpStatus))."))
    }
    guard status != 0 else { return .success(()) }
    let code = RPCCode(rawValue: status) ?? .unknown
    return .failure(
      RPCError(
        code: code == .ok ? .unknown : code, message: statusMessage, statusDetails: statusDetails))
  }
}
