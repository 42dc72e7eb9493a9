internal import Primitives
internal import RPCCore

/// One call of a client, from before its connection is there to its status. Used on the client's loop only. As a timer
/// it is the call's deadline.
final class ClientStream: LoopTimer {
  let call: OutgoingCall
  /// Where the call is made, while it goes on.
  var owner: ClientBalancer?
  /// Unary calls get their one message here; streams take theirs by `take`.
  var unary: CheckedContinuation<Result<[UInt8], RPCError>, Never>?
  let isUnary: Bool
  /// The stream on the connection; nil while the call waits for one.
  var streamID: Int32?
  /// Kept until the stream is closed there.
  var connection: ClientConnection?
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
  var pushback: RetryPushback?
  /// What came beside the protocol's own fields, in the block of fields that comes in now.
  var metadata = Metadata()
  /// How the call ended; nil while it goes on. `.success` is OK.
  var end: Result<Void, RPCError>?
  var reader: CheckedContinuation<Void, Never>?
  var writer: CheckedContinuation<Void, Never>?
  /// Whether the server has answered anything: a call that it has not may be moved to another connection.
  private(set) var hasAnswer = false
  /// Whether the call is about its connection, and so of no use on another one.
  var isBound = false
  /// How often the call was moved to another connection.
  private var moves = 0

  init(_ call: OutgoingCall, isUnary: Bool, messageBytes: Int) {
    self.call = call
    self.isUnary = isUnary
    input = MessageFraming(maximumBytes: messageBytes)
  }

  override func fire() { owner?.expire(self) }

  /// Queues a message. A compressed one needs `grpc-encoding`, which every call of ours sends.
  func append(_ message: [UInt8], compressed: Bool) {
    if compressed {
      output.append(message: Gzip.compress(message), compressed: true)
    } else {
      output.append(message: message)
    }
  }

  func answered() {
    hasAnswer = true
    output.forgetTaken()
  }

  /// Makes a call that the server has not looked at ready for another connection; false when it was moved
  /// `limit` times before, or when what was sent is no longer there.
  func move(atMost limit: Int) -> Bool {
    guard moves < limit, rewind() else { return false }
    moves += 1
    return true
  }

  /// The same for a call whose server stands by, however often: like one that cannot be reached, it is tried until the
  /// call's deadline.
  func moveFromStandby() -> Bool {
    guard rewind() else { return false }
    (status, statusMessage, statusDetails, pushback) = (nil, "", [], nil)
    metadata = Metadata()
    return true
  }

  private func rewind() -> Bool {
    guard !isBound, !hasAnswer, output.rewind() else { return false }
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

  func headers(authority: String, isSecure: Bool) -> HeaderBlock {
    var headers = HeaderBlock([
      (":method", "POST"), (":scheme", isSecure ? "https" : "http"), (":path", call.method.path),
      (":authority", authority), ("te", "trailers"), ("content-type", "application/grpc"),
      ("user-agent", "onepool"), ("grpc-accept-encoding", MessageEncoding.accepted),
    ])
    // A stream's messages may each be compressed or not: said once for all.
    if call.compresses || !isUnary { headers.add("grpc-encoding", MessageEncoding.gzip.rawValue) }
    if call.deadline != .never {
      headers.add("grpc-timeout", TimeoutCodec.encode(call.deadline.remaining))
    }
    for entry in call.metadata.entries { headers.add(entry.name, entry.value) }
    return headers
  }

  /// Takes a header field of the answer, or of its trailers.
  func take(_ name: Bytes, _ value: Bytes) {
    if name.isText(":status") {
      httpStatus = Int(value.text) ?? 0
    } else if name.isText("content-type") {
      contentType = value.text
    } else if name.isText("grpc-status") {
      status = Int32(value.text) ?? RPCCode.unknown.rawValue
    } else if name.isText("grpc-message") {
      statusMessage = PercentCodec.decode(value.text)
    } else if name.isText("grpc-status-details-bin") {
      statusDetails = Base64Codec.decode(value.text) ?? []
    } else if name.isText("grpc-retry-pushback-ms") {
      pushback = RetryPushback(value.text)
    } else if name.isText("grpc-encoding") {
      input.encoding = MessageEncoding(rawValue: value.text) ?? .identity
    } else if call.record != nil {
      let name = name.text
      if !ReservedHeaders.contains(name) { metadata.add(name, value.text) }
    }
  }

  /// A block of fields is whole: the first before the messages, or the one with the status.
  func blockEnded(isLast: Bool) {
    // With the last one the call is over, unless its status says that the server has not looked at it.
    if !isLast { answered() }
    guard let record = call.record else { return }
    if isLast { record.setTrailingMetadata(metadata) } else { record.setInitialMetadata(metadata) }
    metadata = Metadata()
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
    var error = RPCError(
      code: code == .ok ? .unknown : code, message: statusMessage, statusDetails: statusDetails)
    error.pushback = pushback
    return .failure(error)
  }
}
