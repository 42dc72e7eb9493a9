internal import CLinux
internal import Dispatch
internal import Glibc
internal import Primitives
internal import RPCCore
internal import RPCTLS

/// An address, and what its server is called there.
struct Endpoint: Sendable {
  var address: SocketAddress
  var authority: String
  /// What a certificate must name.
  var host: String

  /// Every address of the targets, in their order. Blocks: call it away from the loops.
  static func resolve(
    _ targets: [HostPort], by resolver: NameResolver, atMost limit: Int
  ) -> [Endpoint] {
    var found: [Endpoint] = []
    for target in targets {
      for address in resolver.addresses(of: target) {
        found.append(Endpoint(address: address, authority: target.text, host: target.host))
      }
    }
    return Array(found.prefix(limit))
  }

  /// The same for addresses that need no resolver, without blocking; nil when there is a name among them.
  static func numeric(_ targets: [HostPort]) -> [Endpoint]? {
    var found: [Endpoint] = []
    for target in targets {
      guard let address = SocketAddress.numeric(target) else { return nil }
      found.append(Endpoint(address: address, authority: target.text, host: target.host))
    }
    return found
  }
}

/// Who wants a channel's connection.
protocol ChannelOwner: AnyObject, Sendable {
  /// Whether a lost connection is to be made again now.
  var wantsConnections: Bool { get }
  /// The channel stands otherwise than before.
  func changed(_ channel: ClientChannel)
  /// Calls that the server has not looked at want another connection.
  func unseen(_ streams: [ClientStream])
  func cancel(_ stream: ClientStream, _ reason: RPCError)
}

/// One connection, made when it is first wanted and again when it is lost. Used on its loop only.
final class ClientChannel: @unchecked Sendable {
  // Sendable: everything is touched on `loop`; other threads come in by `loop.execute`.

  /// Where the connection may go to: the first address that answers is taken.
  enum Place: Sendable {
    case names([HostPort])
    case endpoint(Endpoint)
  }

  let loop: EventLoop
  let place: Place
  private let limits: TransportLimits
  private let options: ClientOptions
  /// Lets go of its channels when it is closed: then the circle is open.
  private let owner: any ChannelOwner
  private var connection: ClientConnection?
  private var pending: ClientConnection?
  private var isConnecting = false
  private var isServing = true
  private var backoff: ConnectionBackoff
  /// Why there is no connection; nil before the first try has ended.
  private(set) var problem: String?
  /// Whether the last try has ended at the server's certificate.
  private(set) var refusesServer = false
  private var isClosed = false

  init(
    _ place: Place, loop: EventLoop, limits: TransportLimits, options: ClientOptions,
    owner: any ChannelOwner
  ) {
    self.place = place
    self.loop = loop
    self.limits = limits
    self.options = options
    self.owner = owner
    backoff = ConnectionBackoff(options.limits)
  }

  var standing: Picker.Standing {
    if connection != nil { return isServing ? .ready : .notServing }
    if pending != nil || isConnecting && problem == nil { return .connecting }
    return problem == nil ? .idle : .failed
  }

  func isAt(_ endpoint: Endpoint) -> Bool {
    guard case .endpoint(let own) = place else { return false }
    return own.address.text == endpoint.address.text && own.authority == endpoint.authority
  }

  /// Starts a call; false when there is no connection that takes it.
  func start(_ stream: ClientStream) -> Bool {
    guard let connection, connection.start(stream) else { return false }
    return true
  }

  func close() {
    isClosed = true
    connection?.close("the client is closed")
    pending?.close("the client is closed")
  }

  /// Takes no more calls; the open ones end in their time.
  func retire() {
    isClosed = true
    connection?.retire("its address is gone")
    pending?.close("its address is gone")
  }

  // MARK: - Connections

  func connect() {
    guard !isConnecting, connection == nil, !isClosed else { return }
    isConnecting = true
    switch place {
    case .endpoint(let endpoint): connect(to: [endpoint])
    case .names(let targets):
      let limit = options.limits.addresses
      if let endpoints = Endpoint.numeric(targets) { return connect(to: endpoints[...]) }
      // The resolver blocks, and so must not run on the loop.
      let resolver = options.resolver
      DispatchQueue.global().async {
        let endpoints = Endpoint.resolve(targets, by: resolver, atMost: limit)
        self.loop.execute { self.connect(to: endpoints[...]) }
      }
    }
  }

  /// Tries the addresses one after another.
  private func connect(to endpoints: ArraySlice<Endpoint>) {
    guard !isClosed else { return }
    if !endpoints.isEmpty { refusesServer = false }
    guard let endpoint = endpoints.first else {
      return failed(problem ?? "the name is unknown")
    }
    let rest = endpoints.dropFirst()
    let tls: TLSSession?
    do throws(TLSError) {
      tls = try options.tls?.session(to: endpoint.host)
    } catch {
      return failed("\(error)")
    }
    let socket = Glibc.socket(
      endpoint.address.family,
      Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return failed(String(cString: strerror(errno))) }
    Sockets.setNoDelay(socket)
    let result = endpoint.address.with { Glibc.connect(socket, $0, $1) }
    guard result == 0 || errno == EINPROGRESS else {
      problem = String(cString: strerror(errno))
      Glibc.close(socket)
      return connect(to: rest)
    }
    let made = ClientConnection(
      socket: socket, authority: endpoint.authority, loop: loop, limits: limits, options: options,
      tls: tls,
      onReady: { self.ready($0) }, onEnd: { self.ended($0, $1, $2, rest: rest) })
    pending = made
    made.start(timeout: options.limits.connectTimeout)
  }

  private func ready(_ made: ClientConnection) {
    pending = nil
    isConnecting = false
    connection = made
    isServing = options.healthService == nil
    if let service = options.healthService { watchHealth(of: service, on: made) }
    owner.changed(self)
  }

  private func ended(
    _ over: ClientConnection, _ reason: String, _ unseen: [ClientStream],
    rest: ArraySlice<Endpoint>
  ) {
    if pending === over {
      pending = nil
      problem = reason
      refusesServer = over.refusesServer
      return rest.isEmpty ? failed(reason) : connect(to: rest)
    }
    if connection === over, over.standsBy {
      // As good as one that cannot be reached.
      connection = nil
      isConnecting = true
      problem = reason
      if rest.isEmpty { failed(reason) } else { connect(to: rest) }
    } else if connection === over, reason != "refused" {
      connection = nil
      backoff.reset()
      problem = reason
      owner.changed(self)
    }
    if !unseen.isEmpty { owner.unseen(unseen) }
    if owner.wantsConnections { connect() }
  }

  /// Tries again after a growing, jittered wait while somebody wants it.
  private func failed(_ why: String) {
    problem = why
    owner.changed(self)
    loop.schedule(at: Deadline.after(backoff.next()).nanoseconds) {
      self.isConnecting = false
      if self.owner.wantsConnections { self.connect() }
    }
  }

  // MARK: - Health

  /// How long after its end a watch is begun anew.
  private static let watchPause = Duration.seconds(1)

  /// Follows what the server says of its service, as long as the connection lasts (gRFC A17).
  private func watchHealth(of service: String, on watched: ClientConnection) {
    guard connection === watched, !isClosed else { return }
    let stream = ClientStream(
      OutgoingCall(method: HealthProbe.watch, metadata: options.healthMetadata), isUnary: false,
      messageBytes: limits.messageBytes)
    stream.append(HealthProbe.request(service), compressed: false)
    stream.outputEnded = true
    stream.isBound = true
    guard watched.start(stream) else { return }
    let call = HTTP2ClientCall(
      transport: nil, loop: loop, limits: limits, owner: owner, box: StreamBox(stream))
    let loop = loop
    let box = LoopBound(watched)
    Task {
      var isUnimplemented = false
      do throws(RPCError) {
        while let answer = try await call.nextMessage() {
          loop.execute { self.hears(HealthProbe.isServing(answer), of: box.value) }
        }
      } catch {
        // A server without a health service is taken to serve.
        isUnimplemented = error.code == .unimplemented
      }
      let serves = isUnimplemented
      loop.execute {
        self.hears(serves, of: box.value)
        guard !serves else { return }
        loop.schedule(at: Deadline.after(Self.watchPause).nanoseconds) {
          self.watchHealth(of: service, on: box.value)
        }
      }
    }
  }

  private func hears(_ serves: Bool, of watched: ClientConnection) {
    guard connection === watched, serves != isServing else { return }
    isServing = serves
    owner.changed(self)
  }
}
