internal import CLinux
internal import Glibc
internal import Primitives
public import RPCCore
internal import RPCHTTP1
public import RPCTLS
internal import Synchronization

/// What a server is made of.
public struct ServerConfiguration: Sendable {
  /// `host:port`; port 0 takes a free one.
  public var address: String
  public var services: [any RPCService]
  public var routes: [HTTPRoute]
  public var observer: any RPCObserver
  public var limits: TransportLimits
  /// With it the port speaks TLS and nothing else.
  public var tls: TLSCredentials?
  /// Who may call which method; nil for everybody, which only loopback addresses are served with unless
  /// `trustsNetwork`.
  public var authorizer: (any RPCAuthorizer)?
  /// Whether whoever can reach the port may call everything.
  public var trustsNetwork: Bool
  /// Event loops: threads that handlers run on. 0 = one a core.
  public var loopCount: Int
  /// What calls and requests are told that no service and no route answers; nil: UNIMPLEMENTED, and 404.
  public var refusal: RPCError?

  public init(
    address: String, services: [any RPCService], routes: [HTTPRoute] = [],
    observer: any RPCObserver = SilentObserver(), limits: TransportLimits = TransportLimits(),
    tls: TLSCredentials? = nil, authorizer: (any RPCAuthorizer)? = nil,
    trustsNetwork: Bool = false, loopCount: Int = 0
  ) {
    precondition(tls?.isServer != false, "a server's credentials are made for one")
    self.address = address
    self.services = services
    self.routes = routes
    self.observer = observer
    self.limits = limits
    self.tls = tls
    self.authorizer = authorizer
    self.trustsNetwork = trustsNetwork
    self.loopCount = loopCount
  }
}

/// A port that is listened on. The server that was made on it may pass it on to another one.
public struct Listener: Sendable {
  let descriptor: Int32
  let bound: SocketAddress
}

/// A server for gRPC, Connect and plain HTTP on one port: the first bytes of a connection tell which it speaks or, with
/// TLS, what was agreed on in the handshake.
public final class RPCServer: Sendable {
  private struct State {
    var connections: [ObjectIdentifier: ServerConnection] = [:]
    var acceptors: [Acceptor] = []
    var connectionCount = 0
    var bridgeCount = 0
    var isDraining = false
    var hasPassedOn = false
    var watch: AuthorizerWatch?
  }

  private let state = Mutex(State())
  private let group: EventLoopGroup
  private let dispatcher: Dispatcher
  private let limits: TransportLimits
  private let admission: Admission
  private let plain: HTTP1Server
  private let credentials: TLSCredentials?
  private let authorizer: (any RPCAuthorizer)?
  private var descriptor: Int32 { listener.descriptor }
  public let listener: Listener
  /// Where it listens: `127.0.0.1:7001`.
  public let address: String
  /// The port that it listens on.
  public let port: Int

  /// Binds the address; nothing is served before `start`.
  ///
  /// - Parameter passed: a port that another server passes on, in place of the address.
  /// - Throws: `TransportError.listen` when the address is in use or may not be used; `TransportError.unprotected` when
  ///   others could reach it and nothing says who may call.
  public init(_ configuration: ServerConfiguration, on passed: Listener? = nil) throws {
    let dispatcher = Dispatcher(
      services: configuration.services, routes: configuration.routes,
      observer: configuration.observer, authorizer: configuration.authorizer,
      refusal: configuration.refusal)
    listener = try passed ?? Self.listen(configuration)
    address = listener.bound.text
    port = Int(address.split(separator: ":").last.flatMap { Int($0) } ?? 0)
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    group = try EventLoopGroup(
      count: configuration.loopCount > 0 ? configuration.loopCount : cores, name: "onepool-loop")
    limits = configuration.limits
    credentials = configuration.tls
    authorizer = configuration.authorizer
    admission = Admission(limits)
    self.dispatcher = dispatcher
    let loop = group.loops[0]
    plain = try HTTP1Server(
      dispatcher: dispatcher, admission: admission, messageBytes: limits.messageBytes,
      maximumConnections: limits.connections, arrivals: limits.arrivals, executor: loop
    ) {
      loop.preconditionOnLoop()
      return loop.load.isOverloaded
    }
  }

  private static func listen(_ configuration: ServerConfiguration) throws -> Listener {
    let (descriptor, bound) = try Sockets.listen(
      on: try HostPort(configuration.address),
      anywhere: configuration.authorizer != nil || configuration.trustsNetwork)
    return Listener(descriptor: descriptor, bound: bound)
  }

  /// Begins to serve.
  public func start() {
    let watch = authorizer?.watch { [weak self] in self?.askAgain() }
    state.withLock { $0.watch = watch }
    let first = group.loops[0]
    first.execute { self.watchArrivals(on: first) }
    for loop in group.loops {
      let acceptor = Acceptor(descriptor: descriptor, loop: loop, server: self)
      state.withLock { $0.acceptors.append(acceptor) }
      loop.execute { [limits] in
        loop.load = LoopLoad(limits)
        acceptor.start()
      }
    }
  }

  /// Who may call what has changed: ends the streams of those who may not any more.
  private func askAgain() {
    let connections = state.withLock { Array($0.connections.values) }
    for connection in connections { connection.loop.execute { connection.askAgain() } }
  }

  /// Looks at the requests of HTTP/1.1 that are still to come, as long as the server lives.
  private func watchArrivals(on loop: EventLoop) {
    plain.endOverdue(now: monotonicNanoseconds())
    loop.schedule(at: monotonicNanoseconds() + 500_000_000) { [weak self] in
      self?.watchArrivals(on: loop)
    }
  }

  /// Tells the observer what a connection was ended for.
  fileprivate func ended(_ reason: ConnectionEnd, peer: String) {
    dispatcher.observer.connectionEnded(reason, peer: peer)
  }

  /// Takes no new connection and no new call, lets open calls finish for at most `span`, then closes all.
  public func drain(within span: Duration) async {
    let (connections, watch) = state.withLock { state in
      state.isDraining = true
      return (Array(state.connections.values), state.watch)
    }
    await stopAccepting()
    for connection in connections { connection.loop.execute { connection.drain() } }
    plain.drain()
    let deadline = Deadline.after(span)
    while !deadline.isPast, state.withLock({ !$0.connections.isEmpty }) || plain.openRequests > 0 {
      guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { break }
    }
    let left = state.withLock { Array($0.connections.values) }
    for connection in left { connection.loop.execute { connection.close("the server stopped") } }
    plain.stop()
    watch?.end()
    await waitForBridges()
    if !state.withLock({ $0.hasPassedOn }) { close(descriptor) }
  }

  /// Takes no new connection and leaves the port open: whoever comes waits for the server that is made on the same
  /// listener. The connections that there are go on until `drain`.
  public func passOn() async {
    state.withLock { $0.hasPassedOn = true }
    await stopAccepting()
  }

  /// Awaited: the descriptor must not be closed, and its number taken anew, while a loop still watches it.
  private func stopAccepting() async {
    for acceptor in state.withLock({ $0.acceptors }) {
      await withCheckedContinuation { stopped in
        acceptor.loop.execute {
          acceptor.stop()
          stopped.resume()
        }
      }
    }
  }

  /// Lets the last answers of HTTP/1.1 go out: libmicrohttpd has ended its side of each.
  private func waitForBridges() async {
    let deadline = Deadline.after(.seconds(1))
    while !deadline.isPast, state.withLock({ $0.bridgeCount }) > 0 {
      guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { return }
    }
  }

  /// A new socket, and its peer: who has gone again by the time that something is said of it has no address any more.
  ///
  /// Connections go round the loops: the one that is woken for them is mostly the same.
  fileprivate func accepted(_ socket: Int32, from peer: SocketAddress) {
    let (isFull, isDraining) = state.withLock { state in
      guard !state.isDraining, state.connectionCount < limits.connections else {
        return (true, state.isDraining)
      }
      state.connectionCount += 1
      return (false, false)
    }
    if isFull {
      if !isDraining { ended(.connectionsExhausted, peer: peer.text) }
      close(socket)
      return
    }
    Sockets.setNoDelay(socket)
    Sockets.setPatience(socket, seconds: limits.stalledSeconds)
    let loop = group.nextLoop()
    loop.execute { self.serve(socket, peer, on: loop) }
  }

  private func serve(_ socket: Int32, _ peer: SocketAddress, on loop: EventLoop) {
    if let credentials { return secure(socket, peer, credentials, loop) }
    let sniffer = ProtocolSniffer(
      descriptor: socket, loop: loop, handshakeSeconds: limits.handshakeSeconds
    ) { kind in
      switch kind {
      case .http2: self.serveHTTP2(socket, peer, nil, loop)
      case .http1:
        self.forget()
        self.plain.take(socket, peer: peer.text)
      case .overdue:
        self.ended(.headersOverdue, peer: peer.text)
        self.drop(socket)
      case .neither: self.drop(socket)
      }
    }
    sniffer.start()
  }

  private func serveHTTP2(
    _ socket: Int32, _ peer: SocketAddress, _ tls: TLSSession?, _ loop: EventLoop
  ) {
    let connection = ServerConnection(
      descriptor: socket, loop: loop, limits: limits, dispatcher: dispatcher,
      admission: admission, peer: peer.text, tls: tls
    ) { closed in
      self.state.withLock { state in
        state.connections[ObjectIdentifier(closed)] = nil
        state.connectionCount -= 1
      }
      if let reason = closed.endReason { self.ended(reason, peer: closed.peer) }
    }
    let isDraining = state.withLock { state in
      state.connections[ObjectIdentifier(connection)] = connection
      return state.isDraining
    }
    guard connection.watch(events: EPOLLIN.rawValue) else {
      return connection.close("no room to watch it")
    }
    connection.start()
    if isDraining { connection.drain() }
  }

  /// Counts a connection no longer.
  private func forget() { state.withLock { $0.connectionCount -= 1 } }

  private func drop(_ socket: Int32) {
    forget()
    close(socket)
  }

  // MARK: - TLS

  private func secure(
    _ socket: Int32, _ peer: SocketAddress, _ credentials: TLSCredentials, _ loop: EventLoop
  ) {
    guard let tls = try? credentials.session() else { return drop(socket) }
    let due = monotonicNanoseconds() + Int64(limits.handshakeSeconds) * 1_000_000_000
    let handshake = TLSHandshake(descriptor: socket, loop: loop, tls: tls, due: due) { problem in
      if let problem {
        self.dispatcher.observer.handshakeFailed(problem, peer: peer.text)
        self.drop(socket)
      } else if tls.applicationProtocol == "h2" {
        self.serveHTTP2(socket, peer, tls, loop)
      } else {
        self.forget()
        self.serveHTTP1(socket, peer, tls, loop)
      }
    }
    handshake.start()
  }

  /// libmicrohttpd reads sockets only: it gets one end of a pair, and a bridge works the other.
  private func serveHTTP1(
    _ socket: Int32, _ peer: SocketAddress, _ tls: TLSSession, _ loop: EventLoop
  ) {
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      close(socket)
      return
    }
    plain.take(ends[1], peer: peer.text, from: socket, identity: tls.peerIdentity())
    state.withLock { $0.bridgeCount += 1 }
    let bridge = TLSBridge(
      outside: socket, inside: ends[0], tls: tls, loop: loop, lingerSeconds: limits.lingerSeconds
    ) { self.state.withLock { $0.bridgeCount -= 1 } }
    bridge.start()
  }
}

/// Takes new sockets off the shared listener on one loop.
private final class Acceptor: EventHandler, @unchecked Sendable {
  // Sendable: used on its loop only, after `start`.
  let loop: EventLoop
  private let descriptor: Int32
  private weak var server: RPCServer?
  private var token: UInt64?
  private var isStopped = false

  /// How long no connection is taken when the process has no room for one: the listener stays readable, and the
  /// loop would spin.
  private static let pauseNanoseconds: Int64 = 50_000_000

  init(descriptor: Int32, loop: EventLoop, server: RPCServer) {
    self.descriptor = descriptor
    self.loop = loop
    self.server = server
  }

  func start() {
    // EPOLLEXCLUSIVE: one new connection wakes one loop, not all (epoll_ctl(2)).
    token = loop.add(
      descriptor, events: EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, handler: self)
    precondition(token != nil, "the listener can be watched")
  }

  func stop() {
    isStopped = true
    unwatch()
  }

  private func unwatch() {
    guard let token else { return }
    loop.remove(descriptor, token: token)
    self.token = nil
  }

  private func pause() {
    unwatch()
    loop.schedule(at: monotonicNanoseconds() + Self.pauseNanoseconds) { [weak self] in
      guard let self, !self.isStopped else { return }
      self.start()
    }
  }

  func ready(readable: Bool, writable: Bool, broken: Bool) {
    // A few at a time, so that those who are connected have their turn.
    for _ in 0..<8 {
      var peer = SocketAddress()
      peer.length = socklen_t(MemoryLayout<sockaddr_storage>.size)
      let socket = onepool_accept(descriptor, &peer.storage, &peer.length)
      guard socket >= 0 else {
        // accept(2): out of descriptors or of memory, which the connections that end give back.
        if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) {
          server?.ended(.descriptorsExhausted, peer: "")
          pause()
        }
        return
      }
      guard let server else {
        close(socket)
        return
      }
      server.accepted(socket, from: peer)
    }
  }
}
