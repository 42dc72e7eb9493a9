internal import ChannelRegistry
internal import GatewayService
internal import Kit

await ServiceRunner.run(
  name: "gateway", about: "connects channels to the pool", listen: "127.0.0.1:8080",
  settings: GatewaySettings.all
) { context in
  try await Gateway.parts(context, registry: AdapterRegistry(everyChannel))
}
