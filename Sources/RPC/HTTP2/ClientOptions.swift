public import RPCCore
internal import RPCTLS

/// How a client keeps and chooses its connections.
public struct ClientOptions: Sendable {
  public enum Balancing: Sendable, Hashable, CaseIterable {
    /// One address at a time: the first of the list that can be reached.
    case pickFirst
    /// All addresses at once; calls go round those that are of use.
    case roundRobin
  }

  public var balancing = Balancing.pickFirst
  /// The service whose health each connection is asked for (`grpc.health.v1`); one that does not serve is passed over.
  /// The empty name stands for the server. Nil: nobody asks. With `pickFirst`, calls wait until it serves.
  public var healthService: String?
  /// What goes with the question for health, where a policy wants to know who asks.
  public var healthMetadata = Metadata()
  /// PINGs that find out a dead connection. Nil: none are sent.
  public var keepalive: Keepalive?
  /// How long a connection takes new calls before another one is made, give or take a tenth. Nil: for ever.
  public var maximumAge: Duration?
  public var limits = ClientLimits()
  /// What looks names up.
  package var resolver = NameResolver()
  /// What secures the connections; the transport's own parameter sets it.
  var tls: TLSCredentials?

  public init() {}

  /// gRFC A8 and `doc/keepalive.md` of grpc/grpc.
  public struct Keepalive: Sendable, Hashable {
    /// A connection that was silent for so long is asked; 10 seconds at least, or servers take it for a flood.
    public var time: Duration
    /// One that does not answer for so long is closed.
    public var timeout: Duration
    /// Whether one without calls is asked too.
    public var withoutCalls: Bool

    public static let minimumTime = Duration.seconds(10)

    public init(
      time: Duration = .seconds(60), timeout: Duration = .seconds(20), withoutCalls: Bool = false
    ) {
      precondition(time >= Self.minimumTime && timeout > .zero, "a PING is rare")
      self.init(unchecked: time, timeout, withoutCalls)
    }

    /// For tests, which do not wait.
    package init(unchecked time: Duration, _ timeout: Duration, _ withoutCalls: Bool) {
      self.time = time
      self.timeout = timeout
      self.withoutCalls = withoutCalls
    }
  }
}

/// Bounds of a client's connections.
public struct ClientLimits: Sendable {
  /// How long making a connection may take.
  public var connectTimeout = Duration.seconds(5)
  /// Before the second try of an address list. gRPC's own figure is a second: services of one system that start
  /// together would wait for each other that long.
  public var initialBackoff = Duration.milliseconds(20)
  /// The longest wait between tries, before jitter. gRPC's own is two minutes; ours tries only while it is wanted.
  public var maximumBackoff = Duration.seconds(1)
  /// Names are looked up no more often than that.
  public var resolutionInterval = Duration.seconds(1)
  /// Addresses that are kept of a list; what is beyond is left out.
  public var addresses = 64

  public init() {}
}

/// The waits between tries of a connection (grpc/grpc `doc/connection-backoff.md`): each is 1.6 times the last, up to a
/// bound, give or take a fifth.
struct ConnectionBackoff {
  static let multiplier = 1.6
  static let jitter = 0.2

  private let limits: ClientLimits
  private var current: Duration

  init(_ limits: ClientLimits) {
    self.limits = limits
    current = limits.initialBackoff
  }

  /// The next wait.
  ///
  /// - Parameter random: from 0 to 1.
  mutating func next(_ random: Double = .random(in: 0...1)) -> Duration {
    let wait = current * (1 - Self.jitter + 2 * Self.jitter * random)
    current = min(current * Self.multiplier, limits.maximumBackoff)
    return wait
  }

  /// A connection was made.
  mutating func reset() { current = limits.initialBackoff }
}
