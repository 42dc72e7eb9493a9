internal import CLinux
internal import Glibc
internal import Primitives
public import RPCCore
internal import RPCHTTP1
internal import Synchronization

/// What a server is made of.
public struct ServerConfiguration: Sendable {
  /// `host:port`; port 0 takes a free one.
  public var address: String
  public var services: [any RPCService]
  public var routes: [HTTPRoute]
  public var observer: any RPCObserver
  public var limits: TransportLimits
  /// Event loops: threads that handlers run on. 0 = one a core.
  public var loopCount: Int

  public init(
    address: String, services: [any RPCService], routes: [HTTPRoute] = [],
    observer: any RPCObserver = SilentObserver(), limits: TransportLimits = TransportLimits(),
    loopCount: Int = 0
  ) {
    self.address = address
    self.services = services
    self.routes = routes
    self.observer = observer
    self.limits = limits
    self.loopCount = loopCount
  }
}

/// A server for gRPC, Connect and plain HTTP on one port: the first bytes of a connection tell which it speaks.
public final class RPCServer: Sendable {
  private struct State {
    var connections: [ObjectIdentifier: ServerConnection] = [:]
    var acceptors: [Acceptor] = []
    var connectionCount = 0
    var isDraining = false
  }

  private let state = Mutex(State())
  private let group: EventLoopGroup
  private let dispatcher: Dispatcher
  private let limits: TransportLimits
  private let admission: Admission
  private let plain: HTTP1Server
  private let descriptor: Int32
  /// Where it listens: `127.0.0.1:7001`.
  public let address: String
  /// The port that it listens on.
  public let port: Int

  /// Binds the address; nothing is served before `start`.
  ///
  /// - Throws: `TransportError.listen` when the address is in use or may not be used.
  public init(_ configuration: ServerConfiguration) throws {
    let dispatcher = Dispatcher(
      services: configuration.services, routes: configuration.routes,
      observer: configuration.observer)
    let target = try HostPort(configuration.address)
    let bound: SocketAddress
    (descriptor, bound) = try Sockets.listen(on: target)
    address = bound.text
    port = Int(address.split(separator: ":").last.flatMap { Int($0) } ?? 0)
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    group = try EventLoopGroup(
      count: configuration.loopCount > 0 ? configuration.loopCount : cores, name: "onepool-loop")
    limits = configuration.limits
    admission = Admission(limits)
    self.dispatcher = dispatcher
    plain = try HTTP1Server(
      dispatcher: dispatcher, messageBytes: limits.messageBytes,
      maximumConnections: limits.connections, idleSeconds: limits.http1IdleSeconds,
      executor: group.loops[0])
  }

  /// Begins to serve.
  public func start() {
    for loop in group.loops {
      let acceptor = Acceptor(descriptor: descriptor, loop: loop, server: self)
      state.withLock { $0.acceptors.append(acceptor) }
      loop.execute { [limits] in
        loop.load = LoopLoad(limits)
        acceptor.start()
      }
    }
  }

  /// Tells the observer what a connection was ended for.
  fileprivate func ended(_ reason: ConnectionEnd, peer: String) {
    dispatcher.observer.connectionEnded(reason, peer: peer)
  }

  /// Takes no new connection and no new call, lets open calls finish for at most `span`, then closes all.
  public func drain(within span: Duration) async {
    let (acceptors, connections) = state.withLock { state in
      state.isDraining = true
      return (state.acceptors, Array(state.connections.values))
    }
    // Awaited: the descriptor must not be closed, and its number taken anew, while a loop still watches it.
    for acceptor in acceptors {
      await withCheckedContinuation { stopped in
        acceptor.loop.execute {
          acceptor.stop()
          stopped.resume()
        }
      }
    }
    for connection in connections { connection.loop.execute { connection.drain() } }
    let deadline = Deadline.after(span)
    while !deadline.isPast, state.withLock({ !$0.connections.isEmpty }) || plain.openRequests > 0 {
      guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { break }
    }
    let left = state.withLock { Array($0.connections.values) }
    for connection in left { connection.loop.execute { connection.close("the server stopped") } }
    plain.stop()
    close(descriptor)
  }

  /// A new socket. On the acceptor's loop.
  fileprivate func accepted(_ socket: Int32, on loop: EventLoop) {
    let (isFull, isDraining) = state.withLock { state in
      guard !state.isDraining, state.connectionCount < limits.connections else {
        return (true, state.isDraining)
      }
      state.connectionCount += 1
      return (false, false)
    }
    if isFull {
      if !isDraining { ended(.connectionsExhausted, peer: SocketAddress.peer(of: socket).text) }
      close(socket)
      return
    }
    Sockets.setNoDelay(socket)
    Sockets.setPatience(socket, seconds: limits.stalledSeconds)
    let sniffer = ProtocolSniffer(
      descriptor: socket, loop: loop, handshakeSeconds: limits.handshakeSeconds
    ) { kind in
      self.sniffed(socket, kind, loop)
    }
    sniffer.start()
  }

  private func sniffed(_ socket: Int32, _ kind: ProtocolSniffer.Kind, _ loop: EventLoop) {
    switch kind {
    case .http2:
      let connection = ServerConnection(
        descriptor: socket, loop: loop, limits: limits, dispatcher: dispatcher,
        admission: admission, peer: SocketAddress.peer(of: socket).text
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
    case .http1:
      state.withLock { $0.connectionCount -= 1 }
      plain.take(socket)
    case .overdue:
      state.withLock { $0.connectionCount -= 1 }
      ended(.headersOverdue, peer: SocketAddress.peer(of: socket).text)
      close(socket)
    case .neither:
      state.withLock { $0.connectionCount -= 1 }
      close(socket)
    }
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
    // A few at a time, so that connections are shared out among the loops.
    for _ in 0..<8 {
      let socket = onepool_accept(descriptor)
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
      server.accepted(socket, on: loop)
    }
  }
}
