public import StorageCore

/// The changes of one kind of row, numbered in the order in which they became durable.
///
/// Each row keeps the number of its last change. A watcher reads the rows whose number is above the
/// last one that it saw, in order, and waits when there are none. So there is no seam between what
/// stood before and what changes now, a slow watcher costs no memory, and a row that changed ten
/// times meanwhile is sent once, as it stands.
///
/// In a write: `transaction.advance(feed.name)` gives the number, `feed.announce(number)` follows
/// once the write has returned.
public final class ChangeFeed: Sendable {
  /// Names the counter in the store.
  public let name: String
  private let signal = FeedSignal()
  private let idle: Duration

  public init(_ name: String, idle: Duration = FeedLimits.idle) {
    self.name = name
    self.idle = idle
  }

  /// Wakes the watchers: changes up to `sequence` are durable.
  public func announce(_ sequence: Int64) {
    signal.raise(to: sequence)
  }

  /// Sends every row that changed after `start` as it stands, then each change, until the task is
  /// cancelled or something throws.
  ///
  /// `send` gets a row and its sequence, or nil and the sequence up to which everything was seen: once
  /// when the watcher has caught up for the first time, and later when changes passed that were not for it.
  ///
  /// - Throws: `FeedSequenceUnknown` when `start` lies in the future, `CancellationError`, and what
  ///   `read` and `send` throw.
  public func follow<Item: Sendable>(
    after start: Int64, pageCount: Int = FeedLimits.pageCount,
    read: @Sendable (_ after: Int64, _ limit: Int) async throws -> FeedPage<Item>,
    send: @Sendable (_ item: Item?, _ sequence: Int64) async throws -> Void
  ) async throws {
    var seen = start
    var caughtUp = false
    while true {
      try Task.checkCancellation()
      let page = try await read(seen, pageCount)
      guard seen <= page.sequence else {
        throw FeedSequenceUnknown(sequence: seen, latest: page.sequence)
      }
      for (sequence, item) in page.items {
        precondition(sequence > seen, "a feed is read in the order of its sequence")
        try await send(item, sequence)
        seen = sequence
      }
      guard page.items.count < pageCount else { continue }
      if !caughtUp || page.sequence > seen {
        try await send(nil, page.sequence)
      }
      caughtUp = true
      seen = page.sequence
      await signal.wait(past: seen, atMost: idle)
    }
  }
}

extension Transaction {
  /// Takes the next `count` numbers of a feed and returns the last of them.
  ///
  /// The counter's row stays locked until the commit, so numbers become durable in their order.
  public func advance(_ feed: String, by count: Int = 1) throws -> Int64 {
    precondition(count > 0, "a feed moves forward")
    try execute(
      """
      INSERT INTO feed (name, sequence) VALUES (?, ?)
      ON CONFLICT (name) DO UPDATE SET sequence = feed.sequence + excluded.sequence
      """,
      [.text(feed), .int(count)])
    return try sequence(of: feed)
  }
}

extension ReadTransaction {
  /// The last number that a feed gave out; 0 before the first.
  public func sequence(of feed: String) throws -> Int64 {
    try int64("SELECT sequence FROM feed WHERE name = ?", [.text(feed)]) ?? 0
  }
}

extension Migration {
  /// The counters behind `ChangeFeed`.
  public static func feeds(_ number: Int) -> Migration {
    Migration(
      number, "feed sequences",
      "CREATE TABLE feed (name TEXT NOT NULL PRIMARY KEY, sequence BIGINT NOT NULL);")
  }
}
