internal import Dispatch
internal import Primitives
internal import RPCCore

/// Shares a client's calls out among its connections. Used on its loop only.
///
/// Calls wait for a connection until their own deadline: a service that is starting is waited for.
final class ClientBalancer: ChannelOwner, @unchecked Sendable {
  // Sendable: everything is touched on `loop`; other threads come in by `loop.execute`.

  let loop: EventLoop
  let limits: TransportLimits
  private let options: ClientOptions
  private let targets: [HostPort]
  private let name: String
  private let connections: Int
  private var channels: [ClientChannel] = []
  private var picker = Picker()
  private var waiting: [ClientStream] = []
  private var isResolving = false
  private var lastResolution: Int64?
  /// Why there is no address; nil while there is one, or nobody has looked.
  private var problem: String?
  private var isClosed = false

  init(
    targets: [HostPort], connections: Int, loop: EventLoop, limits: TransportLimits,
    options: ClientOptions
  ) {
    self.targets = targets
    self.connections = connections
    self.loop = loop
    self.limits = limits
    self.options = options
    name = targets.map(\.text).joined(separator: ",")
  }

  // MARK: - Calls

  /// Starts a call, now or when there is a connection.
  func start(_ stream: ClientStream) {
    guard stream.end == nil else { return }
    guard !isClosed else { return cancel(stream, Self.closed) }
    stream.owner = self
    if !stream.isScheduled, stream.call.deadline != .never {
      loop.schedule(stream, at: stream.call.deadline.nanoseconds)
    }
    if !place(stream) { waiting.append(stream) }
    connect()
  }

  /// Gives a call to a connection; false when none takes it.
  private func place(_ stream: ClientStream) -> Bool {
    for _ in channels.indices {
      let picked = picker.pick(among: channels.count) { channels[$0].standing }
      guard let index = picked else { return false }
      if channels[index].start(stream) { return true }
    }
    return false
  }

  func cancel(_ stream: ClientStream, _ reason: RPCError) {
    guard stream.end == nil else { return }
    // One that waits is passed over when the waiting ones are looked through: soon, whatever comes of the connection.
    stream.connection?.cancel(stream)
    ClientConnection.finish(stream, .failure(reason), loop: loop)
  }

  /// The call's deadline has come.
  func expire(_ stream: ClientStream) {
    if stream.streamID == nil, let problem = channels.compactMap(\.problem).last ?? problem {
      // Never sent: the caller learns what kept it, and may try again.
      cancel(stream, unreachable(problem))
    } else {
      cancel(stream, RPCError(.deadlineExceeded, "", "The call's deadline is over."))
    }
  }

  private func unreachable(_ problem: String) -> RPCError {
    RPCError(
      .unavailable, "PEER_UNREACHABLE", "\(name) could not be reached: \(problem).",
      ["target": name], domain: "rpc.onepool")
  }

  /// Ends the calls that wait when every server's certificate is refused: somebody must act first, so that waiting only hides
  /// why.
  private func giveUp(_ problem: String) {
    guard channels.allSatisfy({ $0.refusesServer && $0.standing == .failed }) else { return }
    var error = unreachable(problem)
    error.pushback = .never
    let calls = waiting
    waiting = []
    for stream in calls { cancel(stream, error) }
  }

  private static let closed = RPCError(.cancelled, "", "The client is closed.")

  func close() {
    isClosed = true
    for stream in waiting { cancel(stream, Self.closed) }
    waiting = []
    for channel in channels { channel.close() }
    channels = []
  }

  // MARK: - Channels

  var wantsConnections: Bool {
    waiting.removeAll { $0.end != nil }
    return !isClosed && (options.balancing == .roundRobin || !waiting.isEmpty)
  }

  func changed(_ channel: ClientChannel) {
    switch channel.standing {
    case .ready:
      let calls = waiting
      waiting = []
      for stream in calls where stream.end == nil { start(stream) }
    case .failed:
      if options.balancing == .roundRobin { resolve() }
      if channel.refusesServer, let problem = channel.problem { giveUp(problem) }
    case .idle, .connecting, .notServing: break
    }
  }

  func unseen(_ streams: [ClientStream]) {
    for stream in streams { start(stream) }
  }

  private func connect() {
    switch options.balancing {
    case .pickFirst:
      while channels.count < connections { channels.append(channel(.names(targets))) }
    case .roundRobin:
      if channels.isEmpty { resolve() }
    }
    for channel in channels { channel.connect() }
  }

  private func channel(_ place: ClientChannel.Place) -> ClientChannel {
    ClientChannel(place, loop: loop, limits: limits, options: options, owner: self)
  }

  // MARK: - Names

  /// Looks the names up, now or as soon as it may be done again.
  private func resolve() {
    guard !isResolving, !isClosed else { return }
    isResolving = true
    let interval = Deadline.after(options.limits.resolutionInterval).nanoseconds
    let now = monotonicNanoseconds()
    let due = lastResolution.map { $0 + interval - now } ?? now
    guard due > now else { return lookUp() }
    loop.schedule(at: due) { self.lookUp() }
  }

  private func lookUp() {
    let targets = targets
    let limit = options.limits.addresses
    if let endpoints = Endpoint.numeric(targets) { return resolved(Array(endpoints.prefix(limit))) }
    // The resolver blocks, and so must not run on the loop.
    let resolver = options.resolver
    DispatchQueue.global().async {
      let endpoints = Endpoint.resolve(targets, by: resolver, atMost: limit)
      self.loop.execute { self.resolved(endpoints) }
    }
  }

  private func resolved(_ endpoints: [Endpoint]) {
    isResolving = false
    lastResolution = monotonicNanoseconds()
    guard !isClosed else { return }
    problem = endpoints.isEmpty ? "the name is unknown" : nil
    // A resolver that fails takes nothing away.
    if endpoints.isEmpty {
      if channels.isEmpty, wantsConnections, !waiting.isEmpty { resolve() }
      return
    }
    var kept: [ClientChannel] = []
    var left = channels
    for endpoint in endpoints {
      for _ in 0..<connections {
        if let index = left.firstIndex(where: { $0.isAt(endpoint) }) {
          kept.append(left.remove(at: index))
        } else {
          kept.append(channel(.endpoint(endpoint)))
        }
      }
    }
    for channel in left { channel.retire() }
    channels = kept
    for channel in channels { channel.connect() }
  }
}
