public import Primitives

/// What past orders would have come to under a promotion: each is played twice, with it and without.
///
/// A channel sells no more than it shows. Both runs begin with what is available now; every location
/// counts for every channel.
public struct PromotionTrial: Sendable {
  public struct Outcome: Hashable, Sendable {
    public let sku: SKUIndex
    public let available: Quantity
    public let allotted: Quantity
    public fileprivate(set) var promoted: Quantity = 0
    public fileprivate(set) var left: Quantity
    public fileprivate(set) var lostInside: Quantity = 0
    public fileprivate(set) var lostElsewhere: Quantity = 0
  }

  public struct Point: Hashable, Sendable {
    public var time: Timestamp
    public var sku: SKUIndex
    public var channel: ChannelID
    public var shown: Quantity
    public var shownWithout: Quantity
  }

  /// In the order of the promotion's lines.
  public private(set) var outcomes: [Outcome]
  public private(set) var points: [Point] = []
  public private(set) var lineCount: Int64 = 0

  private let promotion: Promotion
  private let places: [SKUIndex: Int]
  private let from: Timestamp
  private let to: Timestamp
  private var with: Run
  private var without: Run
  private var channels: [ChannelID]
  private var nextPoint = 1

  public init(
    of promotion: Promotion, from: Timestamp, to: Timestamp, in source: some AvailabilitySource
  ) {
    var promotion = promotion
    // With what was topped up; of one that runs, what was taken is no longer available either.
    let isActive = promotion.isActive(at: source.now)
    for (number, allotment) in source.promotions.allotments(of: promotion).enumerated() {
      promotion.lines[number].quantity = isActive ? allotment.remaining : allotment.quantity
    }
    self.promotion = promotion
    (self.from, self.to) = (from, to)
    channels = promotion.channels
    var places: [SKUIndex: Int] = [:]
    for (place, line) in promotion.lines.enumerated() { places[line.sku] = place }
    self.places = places
    without = Run(promotion.lines.map(\.sku), source)
    with = without
    with.promotions = Self.running(promotion)
    outcomes = promotion.lines.map { line in
      Outcome(
        sku: line.sku, available: source.available(line.sku), allotted: line.quantity,
        left: line.quantity)
    }
  }

  /// A table with this promotion alone, which runs all the time.
  private static func running(_ promotion: Promotion) -> PromotionTable {
    var copy = Promotion(
      index: PromotionIndex(0), id: promotion.id, displayName: "", channels: promotion.channels,
      strategy: promotion.strategy, startTime: .zero, endTime: .distantFuture,
      lines: promotion.lines, createTime: .zero, updateTime: .zero)
    copy.isScheduled = true
    copy.firstAllotment = 0
    var table = PromotionTable()
    table.put(copy)
    for (place, line) in promotion.lines.enumerated() {
      table.put(
        Allotment(promotion: copy.index, sku: line.sku, quantity: line.quantity), at: place)
    }
    return table
  }

  /// Plays one order line; lines come in the order of time.
  public mutating func play(
    _ sku: SKUIndex, on channel: ChannelID?, _ quantity: Quantity, at time: Timestamp
  ) {
    notePoints(before: time)
    guard let place = places[sku] else { return }
    lineCount += 1
    if let channel, !channels.contains(channel), channels.count < Limits.trialChannels {
      channels.append(channel)
    }
    let soldWithout = without.sell(sku, on: channel, quantity)
    let sold = with.sell(sku, on: channel, quantity)
    let lost = max(0, soldWithout - sold)
    if promotion.sells(on: channel) {
      var allotment = with.promotions.allotments[place]
      allotment.taken += min(sold, allotment.remaining)
      with.promotions.put(allotment, at: place)
      outcomes[place].promoted += sold
      outcomes[place].left = allotment.remaining
      outcomes[place].lostInside += lost
    } else {
      outcomes[place].lostElsewhere += lost
    }
  }

  /// Notes what is left to note once all orders are played.
  public mutating func finish() { notePoints(before: .distantFuture) }

  private mutating func notePoints(before time: Timestamp) {
    while nextPoint <= Limits.trialMoments {
      let span = to - from
      let moment = from + span * nextPoint / Limits.trialMoments
      guard moment < time else { return }
      for line in promotion.lines.prefix(Limits.trialSKUs) {
        for channel in channels {
          points.append(
            Point(
              time: moment, sku: line.sku, channel: channel,
              shown: with.availableToSell(line.sku, on: channel),
              shownWithout: without.availableToSell(line.sku, on: channel)))
        }
      }
      nextPoint += 1
    }
  }
}

/// The rules as they are, with stock of its own.
private struct Run: AvailabilitySource {
  let buffers: BufferTable
  let sourcings = SourcingTable()
  let lastUnits: LastUnitsTable
  var promotions = PromotionTable()
  /// The ledger has the components alone.
  let bundles = BundleTable()
  let now: Timestamp
  private var stock: [SKUIndex: Quantity] = [:]
  private var groups: [SKUIndex: SKUGroup] = [:]
  private var weights: [SKUIndex: Int64] = [:]

  init(_ skus: [SKUIndex], _ source: some AvailabilitySource) {
    buffers = source.buffers
    lastUnits = source.lastUnits
    now = source.now
    for sku in skus {
      stock[sku] = source.available(sku)
      groups[sku] = source.group(of: sku)
      weights[sku] = source.rateWeight(of: sku)
    }
  }

  func group(of sku: SKUIndex) -> SKUGroup? { groups[sku] }
  func available(_ sku: SKUIndex) -> Quantity { stock[sku] ?? 0 }
  func eachBalance(of sku: SKUIndex, _ body: (Balance) -> Void) {}
  func rateWeight(of sku: SKUIndex) -> Int64 { weights[sku] ?? 0 }

  /// Who names no channel is bound by no rule of one.
  private func present(_ sku: SKUIndex, on channel: ChannelID?) -> Quantity {
    guard channel == nil else { return availableToSell(sku, on: channel) }
    let available = available(sku)
    return max(0, besideAllotments(sku, on: nil, available, of: available))
  }

  /// - Returns: what the channel could sell of it.
  mutating func sell(_ sku: SKUIndex, on channel: ChannelID?, _ quantity: Quantity) -> Quantity {
    let sold = min(quantity, present(sku, on: channel))
    stock[sku, default: 0] -= sold
    return sold
  }
}
