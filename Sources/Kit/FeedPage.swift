/// What a watcher reads from the store at once.
public struct FeedPage<Item: Sendable>: Sendable {
  /// Rows that changed after the watcher's sequence, in the order of their last change.
  public var items: [(sequence: Int64, item: Item)]
  /// The feed's last sequence in the same moment's state.
  public var sequence: Int64

  public init(items: [(sequence: Int64, item: Item)], sequence: Int64) {
    self.items = items
    self.sequence = sequence
  }
}

/// A watcher asks for what comes after a sequence that was never given out.
public struct FeedSequenceUnknown: Error, Equatable {
  /// What the watcher asked for.
  public var sequence: Int64
  /// The last one that was given out.
  public var latest: Int64

  public init(sequence: Int64, latest: Int64) {
    self.sequence = sequence
    self.latest = latest
  }
}
