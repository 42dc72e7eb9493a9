internal import PoolAPI
internal import PoolDomain
internal import Primitives
internal import RPCCore

/// One watcher of availability: its place in the feed, and what it wants to hear.
///
/// Several changes of a SKU that wait become one message with the newest value. The sequence in a
/// message is always one after which it is safe to resume: a change that was passed over for a
/// newer one comes later in the list.
struct AvailabilityWatcher {
  private let view: ReadModel
  private let feed: AvailabilityFeed
  private let channels: [ChannelID]
  /// Empty for all.
  private let skus: Set<SKU>
  private let afterSequence: Int64
  /// The next change in the feed; nil when a snapshot comes first.
  private var place: Int?
  /// Everything up to here was sent.
  private var safeSequence: Int64
  private var isSnapshot = false
  private var lastSent = monotonicNanoseconds()

  init(
    view: ReadModel, feed: AvailabilityFeed, channels: [ChannelID], skus: Set<SKU>,
    after sequence: Int64
  ) {
    self.view = view
    self.feed = feed
    self.channels = channels
    self.skus = skus
    afterSequence = sequence
    place = sequence == 0 ? nil : feed.place(from: sequence)
    safeSequence = place == nil ? 0 : sequence
  }

  /// Sends until the caller is gone.
  mutating func run(into responses: ResponseWriter<WatchAvailabilityResponse>) async throws {
    while !Task.isCancelled {
      guard let place, let changes = feed.changes(from: place, count: ServiceLimits.watchedAtOnce)
      else {
        try await sendEverything(into: responses, asSnapshot: true)
        continue
      }
      if changes.isEmpty {
        await feed.signal.wait(past: Int64(place))
        continue
      }
      self.place = place + changes.count
      if changes.contains(where: { $0.sku == nil }) {
        try await sendEverything(into: responses, asSnapshot: false)
      } else {
        try await send(changes, into: responses)
      }
    }
  }

  private mutating func send(
    _ changes: [AvailabilityFeed.Change], into responses: ResponseWriter<WatchAvailabilityResponse>
  ) async throws {
    var last: [SKUIndex: Int] = [:]
    for (number, change) in changes.enumerated() {
      if let sku = change.sku { last[sku] = number }
    }
    for (number, change) in changes.enumerated() {
      guard let sku = change.sku, last[sku] == number else { continue }
      // The rest of the resume's own sequence was seen before; rules of it may not have been.
      guard change.sequence > afterSequence || change.isRule else { continue }
      safeSequence = change.sequence
      guard var message = message(of: sku) else { continue }
      isSnapshot = false
      message.snapshot = false
      message.sequence = safeSequence
      message.commitTime = change.commitTime
      try await write(message, into: responses)
    }
    if let end = changes.last { safeSequence = end.sequence }
    let silence = Duration.nanoseconds(monotonicNanoseconds() - lastSent)
    if silence >= ServiceLimits.progressInterval { try await sendProgress(into: responses) }
  }

  /// Sends every SKU as it stands now: at the beginning, after falling behind, and when a rule for
  /// all has changed.
  private mutating func sendEverything(
    into responses: ResponseWriter<WatchAvailabilityResponse>, asSnapshot: Bool
  ) async throws {
    if asSnapshot {
      isSnapshot = true
      safeSequence = 0
    }
    // Both are read first: what changes from now on comes again in the feed.
    place = feed.end
    let (sequence, count) = view.read { ($0.sequence, $0.skus.count) }
    if skus.isEmpty {
      for number in 0..<count { try await send(SKUIndex(number), into: responses) }
    } else {
      // A few of very many: they are looked up, not looked for.
      for sku in skus.sorted() {
        guard let index = view.read({ $0.skuIndices[sku] }) else { continue }
        try await send(index, into: responses)
      }
    }
    safeSequence = sequence
    try await sendProgress(into: responses)
  }

  private mutating func send(
    _ sku: SKUIndex, into responses: ResponseWriter<WatchAvailabilityResponse>
  ) async throws {
    guard var message = message(of: sku) else { return }
    message.sequence = safeSequence
    try await write(message, into: responses)
  }

  private mutating func sendProgress(
    into responses: ResponseWriter<WatchAvailabilityResponse>
  ) async throws {
    try await write(
      WatchAvailabilityResponse(sequence: safeSequence, snapshot: isSnapshot), into: responses)
  }

  private mutating func write(
    _ message: WatchAvailabilityResponse, into responses: ResponseWriter<WatchAvailabilityResponse>
  ) async throws {
    try await responses.write(message)
    lastSent = monotonicNanoseconds()
  }

  /// The newest value; nil for a SKU that is not asked about.
  private func message(of sku: SKUIndex) -> WatchAvailabilityResponse? {
    view.read { state in
      let record = state.skus[sku.int]
      guard skus.isEmpty || skus.contains(record.sku) else { return nil }
      return WatchAvailabilityResponse(
        sku: record.sku.text, channels: state.availability(of: sku, on: channels),
        availableCount: state.stocks[sku.int].available, snapshot: isSnapshot)
    }
  }
}
