internal import CLinux
internal import Dispatch
internal import Glibc
internal import Primitives
internal import RPCCore
internal import RPCTLS

/// One connection to a target, made when it is first wanted and again when it is lost. Used on its loop only.
///
/// Calls wait for it until their own deadline: a service that is starting is waited for.
final class ClientChannel: @unchecked Sendable {
  // Sendable: everything is touched on `loop`; other threads come in by `loop.execute`.

  /// How long making a connection may take.
  static let connectTimeout = Duration.seconds(5)
  static let initialBackoff = Duration.milliseconds(20)
  static let maximumBackoff = Duration.seconds(1)

  let loop: EventLoop
  let limits: TransportLimits
  private let target: HostPort
  private let credentials: TLSCredentials?
  private let name: String
  private var connection: ClientConnection?
  private var pending: ClientConnection?
  private var isConnecting = false
  private var waiting: [ClientStream] = []
  private var failures = 0
  /// Why there is no connection; nil before the first try has ended.
  private var lastProblem: String?
  private var isClosed = false

  init(
    target: HostPort, loop: EventLoop, limits: TransportLimits, credentials: TLSCredentials?
  ) {
    self.target = target
    self.credentials = credentials
    self.loop = loop
    self.limits = limits
    name = "\(target.host):\(target.port)"
  }

  /// Starts a call, now or when there is a connection.
  func start(_ stream: ClientStream) {
    guard stream.end == nil else { return }
    guard !isClosed else {
      return ClientConnection.finish(
        stream, .failure(RPCError(.cancelled, "", "The client is closed.")), loop: loop)
    }
    stream.channel = self
    if !stream.isScheduled, stream.call.deadline != .never {
      loop.schedule(stream, at: stream.call.deadline.nanoseconds)
    }
    if let connection, connection.start(stream) { return }
    waiting.append(stream)
    connect()
  }

  func cancel(_ stream: ClientStream, _ reason: RPCError) {
    guard stream.end == nil else { return }
    // One that waits is passed over when the waiting ones are looked through: soon, whatever comes of the connection.
    stream.connection?.cancel(stream)
    ClientConnection.finish(stream, .failure(reason), loop: loop)
  }

  func close() {
    isClosed = true
    for stream in waiting {
      ClientConnection.finish(
        stream, .failure(RPCError(.cancelled, "", "The client is closed.")), loop: loop)
    }
    waiting = []
    connection?.close("the client is closed")
    pending?.close("the client is closed")
  }

  func expire(_ stream: ClientStream) {
    if stream.streamID == nil, let lastProblem {
      // Never sent: the caller learns what kept it, and may try again.
      cancel(
        stream,
        RPCError(
          .unavailable, "PEER_UNREACHABLE", "\(name) could not be reached: \(lastProblem).",
          ["target": name], domain: "rpc.onepool"))
    } else {
      cancel(stream, RPCError(.deadlineExceeded, "", "The call's deadline is over."))
    }
  }

  // MARK: - Connections

  private func connect() {
    guard !isConnecting, connection == nil, !isClosed else { return }
    isConnecting = true
    let target = target
    // The resolver blocks, and so must not run on the loop.
    DispatchQueue.global().async {
      let addresses = SocketAddress.resolve(target, passive: false)
      self.loop.execute { self.connect(to: addresses[...]) }
    }
  }

  /// Tries the addresses one after another.
  private func connect(to addresses: ArraySlice<SocketAddress>) {
    guard !isClosed else { return }
    guard let address = addresses.first else {
      return failed(lastProblem ?? "the name is unknown")
    }
    let rest = addresses.dropFirst()
    let tls: TLSSession?
    do throws(TLSError) {
      tls = try credentials?.session(to: target.host)
    } catch {
      return failed("\(error)")
    }
    let socket = Glibc.socket(
      address.family,
      Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return failed(String(cString: strerror(errno))) }
    Sockets.setNoDelay(socket)
    guard address.with({ Glibc.connect(socket, $0, $1) }) == 0 || errno == EINPROGRESS else {
      lastProblem = String(cString: strerror(errno))
      Glibc.close(socket)
      return connect(to: rest)
    }
    let made = ClientConnection(
      socket: socket, authority: name, loop: loop, limits: limits, tls: tls,
      onReady: { self.ready($0) }, onEnd: { self.ended($0, $1, $2, rest: rest) })
    pending = made
    made.start(timeout: Self.connectTimeout)
  }

  private func ready(_ made: ClientConnection) {
    pending = nil
    isConnecting = false
    failures = 0
    connection = made
    let calls = waiting
    waiting = []
    for stream in calls where stream.end == nil { start(stream) }
  }

  private func ended(
    _ over: ClientConnection, _ reason: String, _ unseen: [ClientStream],
    rest: ArraySlice<SocketAddress>
  ) {
    if pending === over {
      pending = nil
      lastProblem = reason
      return rest.isEmpty ? failed(reason) : connect(to: rest)
    }
    if connection === over, reason != "refused" {
      connection = nil
      lastProblem = reason
    }
    for stream in unseen { start(stream) }
    if !waiting.isEmpty { connect() }
  }

  /// Tries again after a growing, jittered wait while somebody waits.
  private func failed(_ problem: String) {
    lastProblem = problem
    failures += 1
    let bound = min(Self.initialBackoff * (1 << min(failures - 1, 10)), Self.maximumBackoff)
    let wait = bound * Double.random(in: 0.5...1)
    loop.schedule(at: Deadline.after(wait).nanoseconds) {
      self.isConnecting = false
      self.waiting.removeAll { $0.end != nil }
      if !self.waiting.isEmpty { self.connect() }
    }
  }
}
