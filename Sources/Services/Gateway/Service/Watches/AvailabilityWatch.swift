internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// Follows what channels may show. It begins with a snapshot, so that every number is right after a
/// start, and again when a channel is added.
struct AvailabilityWatch: Sendable {
  let pool: PoolServiceClient
  let planner: StockPlanner
  let directory: AccountDirectory
  /// Rises when an account is connected.
  let channelsChanged: FeedSignal
  let loop: WatchLoop

  func run() async throws {
    let position = WatchPosition()
    let watched = WatchedChannels()
    try await loop.run { heard in
      let seen = channelsChanged.latest
      let channels = Set(await directory.all().map(\.channelID.text)).sorted()
      guard !channels.isEmpty else { return await channelsChanged.wait(past: seen) }
      if await watched.change(to: channels) { await position.move(to: 0) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await follow(channels, position, heard) }
        group.addTask { await awaitOtherChannels(than: channels, past: seen) }
        defer { group.cancelAll() }
        try await group.next()
      }
    }
  }

  private func awaitOtherChannels(than channels: [String], past start: Int64) async {
    var seen = start
    while !Task.isCancelled {
      await channelsChanged.wait(past: seen)
      seen = channelsChanged.latest
      if Set(await directory.all().map(\.channelID.text)).sorted() != channels { return }
    }
  }

  private func follow(
    _ channels: [String], _ position: WatchPosition, _ heard: @escaping @Sendable () async -> Void
  ) async throws {
    let request = WatchAvailabilityRequest(
      channelIDs: channels, afterSequence: await position.sequence)
    do {
      for try await change in pool.watchAvailability(request) {
        await planner.apply(change)
        // A snapshot that is cut off begins again.
        if !change.snapshot { await position.move(to: change.sequence) }
        await heard()
      }
    } catch let error as RPCError where error.code == .outOfRange {
      await position.move(to: 0)
      throw error
    }
  }
}

private actor WatchedChannels {
  private var channels: [String] = []

  func change(to channels: [String]) -> Bool {
    defer { self.channels = channels }
    return channels != self.channels
  }
}
