internal import Foundation
internal import FulfilmentAPI
internal import GatewayAPI
internal import MappingAPI
internal import PoolAPI
internal import RPCCore
internal import RPCHTTP2
internal import RPCTLS
internal import ReturnsAPI

/// Where the services are, and clients of them.
struct Peers: Sendable {
  static let names = ["pool", "mapping", "fulfilment", "returns", "gateway"]

  private var addresses: [String: String]
  let pool: PoolServiceClient
  let promotions: PromotionServiceClient
  let mapping: MappingServiceClient
  let fulfilment: FulfilmentServiceClient
  let returns: ReturnsServiceClient
  let gateway: GatewayServiceClient

  /// The addresses that the environment names, or the ordinary ones; over TLS and with a token where it says so.
  static func fromEnvironment() throws -> Peers {
    let environment = ProcessInfo.processInfo.environment
    var addresses: [String: String] = [:]
    for (index, name) in names.enumerated() {
      let port = name == "gateway" ? 8080 : 7001 + index
      addresses[name] = environment["ONEPOOL_\(name.uppercased())"] ?? "127.0.0.1:\(port)"
    }
    return try Peers(
      addresses: addresses, tls: try credentials(environment), token: environment["ONEPOOL_TOKEN"])
  }

  private static func credentials(_ environment: [String: String]) throws -> TLSCredentials? {
    guard let authorities = environment["ONEPOOL_TLS_CA"] else { return nil }
    var configuration = TLSClientConfiguration(authorities: authorities)
    if let certificate = environment["ONEPOOL_TLS_CERTIFICATE"] {
      configuration.identity = TLSIdentity(
        certificate: certificate, key: environment["ONEPOOL_TLS_KEY"] ?? certificate)
    }
    return try TLSCredentials(client: configuration)
  }

  init(
    addresses: [String: String], tls: TLSCredentials? = nil, token: String? = nil
  ) throws {
    self.addresses = addresses
    var metadata = Metadata()
    if let token { metadata.add("authorization", "Bearer \(token)") }
    func client(_ name: String) throws -> RPCClient {
      RPCClient(
        transport: try HTTP2ClientTransport(target: addresses[name] ?? "", tls: tls),
        metadata: metadata)
    }
    let pool = try client("pool")
    self.pool = PoolServiceClient(pool)
    promotions = PromotionServiceClient(pool)
    mapping = MappingServiceClient(try client("mapping"))
    fulfilment = FulfilmentServiceClient(try client("fulfilment"))
    returns = ReturnsServiceClient(try client("returns"))
    gateway = GatewayServiceClient(try client("gateway"))
  }

  func address(_ name: String) -> String { addresses[name] ?? "" }
}

/// Reads a list to its end, page by page.
func allPages<Item>(
  _ page: (String) async throws -> (items: [Item], next: String)
) async throws -> [Item] {
  var items: [Item] = []
  var token = ""
  repeat {
    let answer = try await page(token)
    items += answer.items
    token = answer.next
  } while !token.isEmpty
  return items
}
