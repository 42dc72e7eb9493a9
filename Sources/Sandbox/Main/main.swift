internal import Kit
internal import SandboxServer

await ServiceRunner.run(
  name: "sandbox",
  about:
    "behaves like Shopee, Lazada, Shopify, WooCommerce, TikTok Shop, Square and Loyverse, for trying and testing",
  listen: "127.0.0.1:8090", settings: Sandbox.settings
) { context in try await Sandbox.parts(context) }
