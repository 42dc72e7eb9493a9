internal import Foundation
internal import FulfilmentAPI
internal import GatewayAPI
internal import Kit
internal import MappingAPI
internal import PoolAPI
internal import RPCCore
internal import RPCHTTP2
internal import RPCTLS
internal import ReturnsAPI

/// Where the services are, and clients of them.
struct Peers: Sendable {
  static let names = ["pool", "mapping", "fulfilment", "returns", "gateway"]

  let pool: PoolServiceClient
  let inbound: InboundServiceClient
  let counts: CountServiceClient
  let assortment: AssortmentServiceClient
  let promotions: PromotionServiceClient
  let mapping: MappingServiceClient
  let fulfilment: FulfilmentServiceClient
  let returns: ReturnsServiceClient
  let gateway: GatewayServiceClient

  private static let targets = [
    CommonSettings.pool, CommonSettings.mapping, CommonSettings.fulfilment, CommonSettings.returns,
    CommonSettings.gateway,
  ]

  /// The addresses that the environment names, or the ordinary ones; over TLS and with a token where it says so.
  ///
  /// - Throws: `Settings.Exit` for a value that is not allowed.
  static func fromEnvironment() throws -> Peers {
    let secured: [any AnySetting] = [
      CommonSettings.tlsCA, CommonSettings.tlsCertificate, CommonSettings.tlsKey,
      CommonSettings.token,
    ]
    let settings = try Settings(
      program: "onepool", about: "", version: "", declared: targets + secured,
      environment: ProcessInfo.processInfo.environment, arguments: [])
    let addresses = zip(names, targets).map { ($0, settings[$1].description) }
    return try Peers(
      addresses: Dictionary(uniqueKeysWithValues: addresses), tls: try credentials(settings),
      token: settings[CommonSettings.token]?.text)
  }

  private static func credentials(_ settings: Settings) throws -> TLSCredentials? {
    guard let authorities = settings[CommonSettings.tlsCA] else { return nil }
    for setting in [CommonSettings.tlsCA, CommonSettings.tlsCertificate, CommonSettings.tlsKey] {
      guard let path = settings[setting] else { continue }
      guard FileManager.default.isReadableFile(atPath: path) else {
        throw Failure("\(setting.name) is \"\(path)\": must be a file that can be read")
      }
    }
    var configuration = TLSClientConfiguration(authorities: authorities)
    if let certificate = settings[CommonSettings.tlsCertificate] {
      configuration.identity = TLSIdentity(
        certificate: certificate, key: settings[CommonSettings.tlsKey] ?? certificate)
    }
    return try TLSCredentials(client: configuration)
  }

  init(
    addresses: [String: String], tls: TLSCredentials? = nil, token: String? = nil
  ) throws {
    var metadata = Metadata()
    if let token { metadata.add("authorization", "Bearer \(token)") }
    func client(_ name: String) throws -> RPCClient {
      RPCClient(
        transport: try HTTP2ClientTransport(target: addresses[name] ?? "", tls: tls),
        metadata: metadata)
    }
    let poolClient = try client("pool")
    pool = PoolServiceClient(poolClient)
    inbound = InboundServiceClient(poolClient)
    counts = CountServiceClient(poolClient)
    assortment = AssortmentServiceClient(poolClient)
    promotions = PromotionServiceClient(poolClient)
    mapping = MappingServiceClient(try client("mapping"))
    fulfilment = FulfilmentServiceClient(try client("fulfilment"))
    returns = ReturnsServiceClient(try client("returns"))
    gateway = GatewayServiceClient(try client("gateway"))
  }
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
