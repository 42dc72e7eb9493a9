internal import Kit
internal import MappingService

await ServiceRunner.run(
  name: "mapping", about: "which SKUs the listings of every channel sell", listen: "127.0.0.1:7002"
) { context in
  try MappingSetup.parts(context)
}
