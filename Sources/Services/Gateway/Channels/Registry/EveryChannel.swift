public import ChannelAdapter
internal import LazadaChannel
internal import LoyverseChannel
internal import PointOfSaleChannel
internal import ShopeeChannel
internal import ShopifyChannel
internal import SquareChannel
internal import TikTokShopChannel
internal import WooCommerceChannel

/// The channels that the gateway speaks to; a new one is one line here.
public let everyChannel: [any ChannelAdapter] = [
  ShopeeAdapter(), LazadaAdapter(), ShopifyAdapter(), WooCommerceAdapter(), TikTokShopAdapter(),
  PointOfSaleAdapter(), SquareAdapter(), LoyverseAdapter(),
]
