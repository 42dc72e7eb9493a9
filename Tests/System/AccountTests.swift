import GatewayAPI
import PoolAPI
import Primitives
import Testing

extension SystemTests {
  /// What channels and merchants do beside selling.
  @Suite struct AccountTests {
    /// Goal: a merchant's yes on the platform's page connects the account, by a browser's way over real HTTP.
    @Test(.timeLimit(.minutes(5))) func merchantsYesConnectsTheAccount() async throws {
      try await Cluster.with { cluster in
        let shop = Shop.shopee
        try await cluster.sandbox.open(shop, hooks: "\(cluster.url("gateway"))/hooks")
        try await cluster.sandbox.list(shop, item: Merchant.item(shop), sku: Merchant.sku)
        let keys = shop.credentials.filter { !$0.key.hasSuffix("_token") }
        let link = try await cluster.gateway.startAuthorisation(
          StartAuthorisationRequest(
            connection: Connection(
              accountID: shop.accountID, channelID: shop.channel,
              baseURL: "\(cluster.url("sandbox"))\(shop.path)", credentials: keys)))
        let page = try await SandboxClient.send("GET", link.url)
        #expect(page.status == 200 && page.text.contains("is connected"), "\(page.text)")
        let found = try await cluster.gateway.importListings(
          ImportListingsRequest(accountID: shop.accountID))
        #expect(found.createdCount == 1)
        let again = try await SandboxClient.send("GET", link.url)
        #expect(again.status == 400, "a link is good once: \(again.text)")
      }
    }

    /// Goal: what Shopee sets aside for a flash sale comes off every other channel, and comes back, by the pool's own rules.
    @Test(.timeLimit(.minutes(5))) func flashSalesReserveComesOffTheOthers() async throws {
      try await Cluster.with { cluster in
        let merchant = try await Merchant.open(in: cluster, stock: 20)
        let shop = Shop.shopee
        func waitUntilShown(_ own: Int64, _ elsewhere: Int64) async throws {
          let seen: () async -> String = { "\((try? await merchant.shown()) ?? [:])" }
          try await eventually("\(own) here and \(elsewhere) elsewhere", seen: seen) {
            let shown = try await merchant.shown()
            return shown.allSatisfy { $0.value == ($0.key == shop.channel ? own : elsewhere) }
              ? () : nil
          }
        }
        try await cluster.sandbox.reserve(shop, item: Merchant.item(shop), quantity: 8)
        try await waitUntilShown(20, 12)
        try await cluster.sandbox.reserve(shop, item: Merchant.item(shop), quantity: 11)
        try await waitUntilShown(20, 9)
        try await cluster.sandbox.reserve(shop, item: Merchant.item(shop), quantity: 0)
        try await waitUntilShown(20, 20)
      }
    }
  }
}
