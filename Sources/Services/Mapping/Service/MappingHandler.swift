internal import Kit
public import MappingAPI
public import Primitives
public import StorageCore

/// Answers the calls of `MappingService`. One file a group of calls.
public final class MappingHandler: MappingServiceHandler {
  let database: any Database
  let clock: any WallClock
  let feed = ChangeFeed("listing")

  public init(database: any Database, clock: any WallClock = SystemClock()) {
    self.database = database
    self.clock = clock
  }

  /// Wakes the watchers once changes are durable.
  func announce(_ listing: MappingAPI.Listing?) {
    if let listing { feed.announce(listing.sequence) }
  }
}
