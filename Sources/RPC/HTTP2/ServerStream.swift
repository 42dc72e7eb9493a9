internal import CNghttp2
internal import Primitives
internal import RPCCore

/// One request on a server's connection, from its headers to its trailers. Used on the connection's loop only. As a
/// timer it is the call's deadline.
///
///     headers ──▶ collecting ──end of input──▶ running ──answer──▶ sending ──▶ closed
///     headers ──▶ running (streaming) ──▶ sending ──▶ closed
final class ServerStream: LoopTimer {
  /// What the request turned out to be, once its headers were read.
  enum Role {
    case unknown
    case unary
    case streaming
    case http
    /// Answered already; what still comes is thrown away.
    case refused
  }

  let id: Int32
  /// Where it stands among the connection's open streams.
  fileprivate var place = -1
  unowned let connection: ServerConnection
  var role = Role.unknown
  var head = RequestHead()
  /// The method that a gRPC call is for, and what its handler knows of the call.
  var method: ServedMethod?
  var context: ServerContext?
  var deadline = Deadline.never
  var input: MessageFraming
  /// Bytes of a streaming call that came and that the caller was not given room for again.
  var unconsumedBytes = 0
  /// The body of a plain HTTP request.
  var body: [UInt8] = []
  var bodyLimit = 0
  var inputEnded = false
  var output = ByteQueue()
  var trailers: HeaderBlock?
  var outputEnds = false
  var headersSent = false
  /// Whether what still comes after the answer is dropped for a while before the stream is reset.
  var lingers = false
  var droppedBytes = 0
  var isClosed = false
  /// When its headers began, in monotonic nanoseconds.
  let openedAt: Int64
  /// Since when a message of a streaming call was seen half there.
  var partialSince: Int64?
  /// Whether its handler has begun: from then on it tells the observer of the call.
  var isBegun = false
  /// Whether its handler counts among those that run.
  var isCounted = false
  /// Bytes of the answer that went out, and since when none did.
  var sentBytes = 0
  var stall = Stall()
  var task: Task<Void, Never>?
  /// Whether a unary call's handler has begun and is not over.
  var isHandled = false
  /// The handler, waiting for a message or for the end of input.
  var reader: CheckedContinuation<Void, Never>?
  /// The handler, waiting for room.
  var writer: CheckedContinuation<Void, Never>?
  /// Why the call was ended from outside: its deadline, a drain, a broken connection.
  var failure: RPCError?

  init(id: Int32, connection: ServerConnection) {
    self.id = id
    self.connection = connection
    openedAt = connection.lastActivity
    input = MessageFraming(maximumBytes: connection.limits.messageBytes)
  }

  override func fire() { connection.timeIsOver(self) }

  func wakeReader() {
    reader?.resume()
    reader = nil
  }

  func wakeWriter() {
    writer?.resume()
    writer = nil
  }
}

/// The caller of a direct method.
struct StreamCaller: DirectCaller, @unchecked Sendable {
  // Sendable: the connection is retained, which any thread may do; both are touched on its loop only.
  let connection: ServerConnection
  let stream: ServerStream

  func answered(_ result: Result<[UInt8], RPCError>) {
    guard !connection.loop.isCurrent else { return connection.finishUnary(stream, result) }
    connection.loop.execute { connection.finishUnary(stream, result) }
  }
}

/// The open streams of a connection, each of which knows its place; nghttp2 finds them by their number.
struct OpenStreams {
  private(set) var all: [ServerStream] = []

  var count: Int { all.count }
  var isEmpty: Bool { all.isEmpty }

  mutating func insert(_ stream: ServerStream) {
    stream.place = all.count
    all.append(stream)
  }

  mutating func remove(_ stream: ServerStream) {
    let last = all.removeLast()
    guard last !== stream else { return }
    all[stream.place] = last
    last.place = stream.place
  }
}
