import Foundation
import FulfilmentAPI
import GatewayAPI
import Glibc
import MappingAPI
import PoolAPI
import Primitives
import RPCCore
import RPCHTTP2
import ReturnsAPI
import Synchronization

/// The five services and the sandbox as processes of their own, on free ports, over stores in a folder of their own.
final class Cluster: Sendable {
  static let services = ["pool", "mapping", "fulfilment", "returns", "gateway"]
  static let all = services + ["sandbox"]

  let folder: TemporaryFolder
  let addresses: [String: String]
  /// Where a second process of a service listens, by the service's name.
  let standbys: [String: String]
  /// What channels and tills call, where there are two gateways.
  private let door: FrontDoor?
  let pool: PoolServiceClient
  let mapping: MappingServiceClient
  let fulfilment: FulfilmentServiceClient
  let returns: ReturnsServiceClient
  let gateway: GatewayServiceClient
  let sandbox: SandboxClient
  /// All that were started, the oldest first.
  private let processes = Mutex<[(name: String, process: ServiceProcess)]>([])

  /// What services are told beside the usual, by name.
  private let settings: [String: [String: String]]

  private init(_ settings: [String: [String: String]], doubled: [String]) throws {
    self.settings = settings
    folder = try TemporaryFolder()
    let ports = try FreePorts.take(Self.all.count + doubled.count).map { "127.0.0.1:\($0)" }
    let addresses = Dictionary(uniqueKeysWithValues: zip(Self.all, ports))
    let standbys = Dictionary(
      uniqueKeysWithValues: zip(doubled, ports.dropFirst(Self.all.count)))
    self.addresses = addresses
    self.standbys = standbys
    door = try standbys["gateway"].map { second in
      try FrontDoor(to: [second, addresses["gateway"] ?? ""])
    }
    func client(_ name: String) throws -> RPCClient {
      let transport = try HTTP2ClientTransport(target: Self.target(name, standbys, addresses))
      return RPCClient(transport: transport, timeout: .seconds(60))
    }
    pool = PoolServiceClient(try client("pool"))
    mapping = MappingServiceClient(try client("mapping"))
    fulfilment = FulfilmentServiceClient(try client("fulfilment"))
    returns = ReturnsServiceClient(try client("returns"))
    gateway = GatewayServiceClient(try client("gateway"))
    sandbox = SandboxClient(base: "http://\(addresses["sandbox"] ?? "")")
  }

  /// Starts `names`, runs `body`, and ends all of them, whatever happens.
  ///
  /// - Parameter doubled: services that have a second address, for a process that stands by.
  static func with<Result: Sendable>(
    _ names: [String] = Cluster.all, settings: [String: [String: String]] = [:],
    doubled: [String] = [], _ body: (Cluster) async throws -> Result
  ) async throws -> Result {
    let cluster = try Cluster(settings, doubled: doubled)
    do {
      try await cluster.start(names)
      let result = try await body(cluster)
      await cluster.stop()
      return result
    } catch {
      print(cluster.lastWords())
      await cluster.stop()
      throw error
    }
  }

  func url(_ name: String) -> String {
    if name == "gateway", let door { return door.url }
    return "http://\(addresses[name] ?? "")"
  }

  /// What others call: the second process first, which is the one that stands by at the beginning.
  private static func target(
    _ name: String, _ standbys: [String: String], _ addresses: [String: String]
  ) -> String {
    [standbys[name], addresses[name]].compactMap(\.self).joined(separator: ",")
  }

  /// The one of that name that was started last.
  func process(_ name: String) throws -> ServiceProcess {
    guard let last = processes.withLock({ $0.last { $0.name == name } }) else {
      throw NotInTime(description: "\(name) was not started")
    }
    return last.process
  }

  /// What a service is told; `others` on top.
  func environment(_ name: String, _ others: [String: String] = [:]) -> [String: String] {
    var environment = ["PATH": "/usr/bin:/bin", "ONEPOOL_LOOPS": "1"]
    // Nobody's: what the gateway and the sandbox call is called directly, whatever a machine is set to.
    environment["http_proxy"] = "http://127.0.0.1:1"
    environment["ONEPOOL_LISTEN"] = addresses[name]
    environment["ONEPOOL_DATA"] = folder.path
    for other in Self.services where other != name {
      environment["ONEPOOL_\(other.uppercased())"] = Self.target(other, standbys, addresses)
    }
    if name == "gateway" { environment["ONEPOOL_PUBLIC_URL"] = url("gateway") }
    return environment.merging(settings[name] ?? [:]) { $1 }.merging(others) { $1 }
  }

  /// Starts services side by side and waits until each serves.
  func start(_ names: [String]) async throws {
    for name in names { try launch(name) }
    for name in names { _ = try await process(name).address() }
  }

  @discardableResult
  func launch(_ name: String, _ others: [String: String] = [:]) throws -> ServiceProcess {
    try processes.withLock { processes in
      let log = folder.url.appending(path: "\(name).\(processes.count).log")
      let started = try ServiceProcess(
        Programs.url("onepool-\(name)"), environment: environment(name, others), log: log)
      processes.append((name, started))
      return started
    }
  }

  /// Starts one more process of a service over the same store, and waits until it stands by.
  func standBy(_ name: String, at address: String? = nil) async throws -> ServiceProcess {
    let standby = try launch(
      name, ["ONEPOOL_LISTEN": address ?? "127.0.0.1:0", "ONEPOOL_STANDBY": "true"])
    _ = try await standby.address(saying: ServiceProcess.standingBy)
    return standby
  }

  /// Ends services as a crash would, at once, and waits until they are gone.
  func kill(_ names: [String]) async throws {
    for name in names { try process(name).signal(SIGKILL) }
    for name in names { _ = try await process(name).status() }
  }

  func stop() async {
    let running = processes.withLock { $0.map(\.process).filter(\.isRunning) }
    for process in running { process.signal(SIGKILL) }
    for process in running { _ = try? await process.status() }
    await door?.end()
  }

  /// The end of each log, for a test that failed.
  private func lastWords() -> String {
    processes.withLock { $0 }.map { name, process in
      "--- \(name)\n" + process.lines.suffix(12).joined(separator: "\n")
    }.joined(separator: "\n")
  }
}
