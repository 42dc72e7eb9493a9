internal import PoolDomain
internal import Primitives
internal import RPCCore

extension PoolError {
  static func notServing(_ location: LocationID, _ channel: ChannelID) -> RPCError {
    RPCError(
      .failedPrecondition, "LOCATION_NOT_SERVING",
      "The location \(location) neither feeds \(channel) nor offers pickup.",
      ["locationId": location.text, "channelId": channel.text])
  }

  static var tooManyBuffers: RPCError {
    RPCError(
      .failedPrecondition, "TOO_MANY_BUFFERS",
      "A scope has \(Limits.buffersInScope) buffers at most; remove one that has ended.",
      ["limit": "\(Limits.buffersInScope)"])
  }
}
