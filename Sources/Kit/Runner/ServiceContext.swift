internal import Glibc
public import RPCCore
internal import RPCHTTP2
internal import RPCTLS

/// What a service gets to build itself from.
public struct ServiceContext: Sendable {
  /// The service's word: `pool`.
  public let name: String
  public let settings: Settings
  public let log: Log
  public let metrics: Metrics
  /// Give it to the service's store, so that the store's health shows in log and metrics.
  public let storageObserver: StorageMetrics
  /// Loops that run until the service drains.
  public let background: BackgroundTasks
  /// What calls to other services are secured with; nil for plaintext.
  private let credentials: TLSCredentials?

  init(
    name: String, settings: Settings, log: Log, metrics: Metrics,
    credentials: TLSCredentials? = nil
  ) {
    self.name = name
    self.settings = settings
    self.log = log
    self.metrics = metrics
    self.credentials = credentials
    storageObserver = StorageMetrics(metrics: metrics, log: log)
    background = BackgroundTasks(log: log, metrics: metrics)
  }

  /// The path of the service's store: `var/pool.db`.
  public var storePath: String { path("\(name).db") }

  /// The path of a file in the data folder.
  public func path(_ file: String) -> String { "\(settings[CommonSettings.data])/\(file)" }

  /// The keys of the service's secrets: those that were given, else those in the data folder, made when they are not there.
  public func keyRing(_ given: [Secret]) throws -> KeyRing {
    guard given.isEmpty else { return KeyRing(keys: given.map(\.bytes)) }
    let folder = settings[CommonSettings.data]
    guard mkdir(folder, 0o750) == 0 || errno == EEXIST else {
      throw StartFailure("the folder \(folder) cannot be made: \(String(cString: strerror(errno)))")
    }
    return try KeyRing(file: path("\(name).key"))
  }

  /// A client of the service that `peer` names, with several connections to an address; over TLS when the settings name
  /// whom to trust, and with the service's own token when they have one.
  public func client(
    of peer: Setting<PeerTarget>, timeout: Duration = RPCClient.defaultTimeout, connections: Int = 2
  ) throws -> RPCClient {
    var metadata = Metadata()
    if let token = settings[CommonSettings.token] {
      metadata.add("authorization", "Bearer \(token.text)")
    }
    var options = ClientOptions()
    if settings[CommonSettings.balancing] == .roundRobin {
      options.balancing = .roundRobin
      // The server as a whole.
      options.healthService = ""
      options.healthMetadata = metadata
    }
    return RPCClient(
      transport: try HTTP2ClientTransport(
        target: settings[peer].description, connections: connections, options: options,
        tls: credentials),
      timeout: timeout, metadata: metadata)
  }
}

/// Why a service cannot start, for the one line that its operator sees.
public struct StartFailure: Error, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
