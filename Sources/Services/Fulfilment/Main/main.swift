internal import FulfilmentService
internal import Kit

await ServiceRunner.run(
  name: "fulfilment", about: "orders of every channel, from pending to shipped",
  listen: "127.0.0.1:7003", settings: FulfilmentSetup.settings
) { context in
  try FulfilmentSetup.parts(context)
}
