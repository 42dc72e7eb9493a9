internal import Foundation

/// What every service may be told. Each of these may be added to a service's own list.
public enum CommonSettings {
  public static let listen = Setting<HostPort>.address(
    "ONEPOOL_LISTEN", "address to listen on", default: "127.0.0.1:0")
  public static let data = Setting<String>.text(
    "ONEPOOL_DATA", "folder of the stores and keys", default: "var")
  public static let standby = Setting<Bool>.flag(
    "ONEPOOL_STANDBY", "whether to wait while another process has the store, and then take over",
    default: false)
  public static let logLevel = Setting<Log.Level>.choice(
    "ONEPOOL_LOG_LEVEL", "least important lines to log", default: .info)
  public static let logFormat = Setting<Log.Format>.choice(
    "ONEPOOL_LOG_FORMAT", "form of the log on standard error", default: .logfmt)
  public static let accessLog = Setting<Double>.share(
    "ONEPOOL_ACCESS_LOG", "share of the calls to log; server's failures always are", default: 0.001)
  public static let drain = Setting<Duration>.seconds(
    "ONEPOOL_DRAIN_SECONDS", "time that calls get to end after SIGTERM", default: 10, in: 0...3600)
  public static let loops = Setting<Int>.integer(
    "ONEPOOL_LOOPS", "event loops, one a core by default",
    default: min(64, max(1, ProcessInfo.processInfo.activeProcessorCount)), in: 1...64)

  public static let tlsCertificate = Setting<String?>.file(
    "ONEPOOL_TLS_CERTIFICATE", "certificate to serve TLS with, and to show to other services")
  public static let tlsKey = Setting<String?>.file(
    "ONEPOOL_TLS_KEY", "key of that certificate")
  public static let tlsClientCA = Setting<String?>.file(
    "ONEPOOL_TLS_CLIENT_CA",
    "authorities of callers' certificates, which without a policy all must show")
  public static let tlsCA = Setting<String?>.file(
    "ONEPOOL_TLS_CA", "authorities of the services that are called, then over TLS")
  public static let accessPolicy = Setting<String?>.file(
    "ONEPOOL_ACCESS_POLICY", "policy of who may call what", format: "JSON")
  public static let trustedNetwork = Setting<Bool>.flag(
    "ONEPOOL_TRUSTED_NETWORK", "whether whoever reaches the port may call, without a policy",
    default: false)

  public static let token = Setting<Secret?>.token(
    "ONEPOOL_TOKEN", "token to show to the services that are called")
  public static let balancing = Setting<Balancing>.choice(
    "ONEPOOL_BALANCING", "how calls are shared out among the addresses of a service",
    default: .pickFirst)

  /// What secures a service, and an operator's calls.
  public static let securityNames =
    [tlsCertificate, tlsKey, tlsClientCA, tlsCA, accessPolicy].map(\.name) + [
      trustedNetwork.name, token.name, "\(token.name)_FILE",
    ]

  /// What every service reads.
  static func all(listen text: String) -> [any AnySetting] {
    [
      listen.with(default: text), data, standby, logLevel, logFormat, accessLog, drain, loops,
      tlsCertificate,
      tlsKey, tlsClientCA, tlsCA, accessPolicy, trustedNetwork, token, balancing,
    ]
  }

  public static let pool = peer("POOL", "the pool", 7001)
  public static let mapping = peer("MAPPING", "mapping", 7002)
  public static let fulfilment = peer("FULFILMENT", "fulfilment", 7003)
  public static let returns = peer("RETURNS", "returns", 7004)
  public static let gateway = peer("GATEWAY", "the gateway", 8080)

  private static func peer(_ name: String, _ noun: String, _ port: Int) -> Setting<PeerTarget> {
    .peer("ONEPOOL_\(name)", "address of \(noun)", default: "127.0.0.1:\(port)")
  }

  /// Beginnings of variables that other programs of the same system read, and every peer's address: one
  /// environment may serve them all.
  static func namesOfOthers(than name: String) -> [String] {
    let words = ["POOL", "MAPPING", "FULFILMENT", "RETURNS", "GATEWAY", "SANDBOX", "DEMO"]
    let others = words.filter { $0 != name.uppercased() }.map { "\(Settings.prefix)\($0)_" }
    return others + peerNames
  }

  private static let peerNames = [pool, mapping, fulfilment, returns, gateway].map(\.name)
}
