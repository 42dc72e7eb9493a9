internal import GatewayService
internal import Kit
internal import LazadaChannel
internal import LoyverseChannel
internal import PointOfSaleChannel
internal import ShopeeChannel
internal import ShopifyChannel
internal import SquareChannel
internal import TikTokShopChannel
internal import WooCommerceChannel

/// A new channel is one line here.
let registry = AdapterRegistry([
  ShopeeAdapter(), LazadaAdapter(), ShopifyAdapter(), WooCommerceAdapter(), TikTokShopAdapter(),
  PointOfSaleAdapter(), SquareAdapter(), LoyverseAdapter(),
])

await ServiceRunner.run(
  name: "gateway", about: "connects channels to the pool", listen: "127.0.0.1:8080",
  settings: GatewaySettings.all
) { context in
  try await Gateway.parts(context, registry: registry)
}
