internal import Kit
internal import ReturnsService

await ServiceRunner.run(
  name: "returns", about: "returned goods, from request to disposition",
  listen: "127.0.0.1:7004", settings: ReturnsSetup.settings
) { context in
  try ReturnsSetup.parts(context)
}
