public import Primitives

/// A promotion as the pool counts it inside: its place in the order of creation. Never used again.
public struct PromotionIndex: Hashable, Comparable, Sendable {
  public let number: Int32

  public init(_ number: Int) {
    self.number = Int32(number)
  }

  public var int: Int { Int(number) }

  public static func < (left: PromotionIndex, right: PromotionIndex) -> Bool {
    left.number < right.number
  }
}

/// Units of SKUs that are kept for some channels in a window of time.
///
///     draft ──schedule──▶ scheduled ──its start──▶ active ──its end, or end──▶ ended
///     draft, scheduled ──cancel──▶ cancelled
///
/// It starts and ends by the clock: nobody has to say so, and nothing is written.
public struct Promotion: Hashable, Sendable {
  public enum State: Int32, CaseIterable, Sendable {
    case draft = 1
    case scheduled, active, ended, cancelled
  }

  /// The numbers are those of the proto.
  public enum Strategy: Int32, CaseIterable, Sendable {
    /// Its channels sell the allotment and nothing else.
    case restrict = 1
    /// Its channels sell the allotment, and then what is there for all.
    case regular
    /// As `regular`, and no buffer and no other allotment makes the units fewer that it keeps.
    case ironReserve
  }

  public struct Line: Hashable, Sendable {
    public var sku: SKUIndex
    public var quantity: Quantity

    public init(sku: SKUIndex, quantity: Quantity) {
      self.sku = sku
      self.quantity = quantity
    }
  }

  public let index: PromotionIndex
  public let id: PromotionID
  public var displayName: String
  public var channels: [ChannelID]
  public var strategy: Strategy
  public var startTime: Timestamp
  public var endTime: Timestamp
  /// What was asked for; what is left of it once it is scheduled stands in its allotments.
  public var lines: [Line]
  public var isScheduled = false
  public var isCancelled = false
  /// Where its allotments are in `PromotionTable.allotments`; nil before it is scheduled.
  public var firstAllotment: Int?
  public let createTime: Timestamp
  public var updateTime: Timestamp
  /// From 1, one more with every change.
  public var revision: Int64

  public init(
    index: PromotionIndex, id: PromotionID, displayName: String, channels: [ChannelID],
    strategy: Strategy, startTime: Timestamp, endTime: Timestamp, lines: [Line],
    createTime: Timestamp, updateTime: Timestamp, revision: Int64 = 1
  ) {
    self.index = index
    self.id = id
    self.displayName = displayName
    self.channels = channels
    self.strategy = strategy
    self.startTime = startTime
    self.endTime = endTime
    self.lines = lines
    self.createTime = createTime
    self.updateTime = updateTime
    self.revision = revision
  }

  public var etag: String { "r\(revision)" }

  public func state(at now: Timestamp) -> State {
    if isCancelled { return .cancelled }
    guard isScheduled else { return .draft }
    return now < startTime ? .scheduled : now < endTime ? .active : .ended
  }

  public func isActive(at now: Timestamp) -> Bool { state(at: now) == .active }

  public func isOver(at now: Timestamp) -> Bool {
    [.ended, .cancelled].contains(state(at: now))
  }

  public func sells(on channel: ChannelID?) -> Bool {
    channel.map { channels.contains($0) } ?? false
  }

  public func overlaps(_ other: Promotion) -> Bool {
    startTime < other.endTime && other.startTime < endTime
  }

  /// Where its allotments are.
  public var allotments: Range<Int> {
    guard let firstAllotment else { return 0..<0 }
    return firstAllotment..<firstAllotment + lines.count
  }
}

/// Units of an allotment that a movement takes or gives back, or that a line has.
public struct AllotmentUse: Hashable, Sendable {
  public var promotion: PromotionIndex
  public var quantity: Quantity

  public init(_ promotion: PromotionIndex, _ quantity: Quantity) {
    self.promotion = promotion
    self.quantity = quantity
  }
}

/// One SKU of a promotion: the units that are kept for its channels.
public struct Allotment: Hashable, Sendable {
  public let promotion: PromotionIndex
  public let sku: SKUIndex
  public var quantity: Quantity
  /// Held or sold out of it, and not given back.
  public var taken: Quantity
  /// The ledger sequence of the last movement in `taken`.
  public var sequence: Int64

  public init(
    promotion: PromotionIndex, sku: SKUIndex, quantity: Quantity, taken: Quantity = 0,
    sequence: Int64 = 0
  ) {
    self.promotion = promotion
    self.sku = sku
    self.quantity = quantity
    self.taken = taken
    self.sequence = sequence
  }

  public var remaining: Quantity { quantity - taken }
}

/// All promotions and their allotments.
public struct PromotionTable: Equatable, Sendable {
  public private(set) var promotions: [Promotion] = []
  /// In the order in which they were scheduled; a place stays the same for ever.
  public private(set) var allotments: [Allotment] = []
  private var places: [PromotionID: PromotionIndex] = [:]
  /// The allotments of a SKU whose promotions have not ended, as of the last `refresh`.
  private var open: [SKUIndex: [Int]] = [:]
  /// Whose they are.
  private var openPromotions: Set<PromotionIndex> = []

  public init() {}

  /// Whether no promotion keeps anything now or later.
  public var isIdle: Bool { open.isEmpty }

  public subscript(index: PromotionIndex) -> Promotion { promotions[index.int] }

  public func find(_ id: PromotionID) -> Promotion? { places[id].map { promotions[$0.int] } }

  /// The allotments of a SKU whose promotions have not ended.
  public func openAllotments(of sku: SKUIndex) -> [Allotment] {
    open[sku]?.map { allotments[$0] } ?? []
  }

  /// The allotments of a SKU that count at `now`.
  public func active(_ sku: SKUIndex, at now: Timestamp) -> [Allotment] {
    openAllotments(of: sku).filter { promotions[$0.promotion.int].isActive(at: now) }
  }

  /// The one of a SKU that a channel sells out of.
  public func own(_ sku: SKUIndex, on channel: ChannelID?, at now: Timestamp) -> Allotment? {
    guard !open.isEmpty, let channel else { return nil }
    return active(sku, at: now).first { promotions[$0.promotion.int].channels.contains(channel) }
  }

  /// Where a promotion's allotment of a SKU is.
  public func place(of sku: SKUIndex, in promotion: PromotionIndex) -> Int? {
    if let place = open[sku]?.first(where: { allotments[$0].promotion == promotion }) {
      return place
    }
    guard promotion.int < promotions.count else { return nil }
    return promotions[promotion.int].allotments.first { allotments[$0].sku == sku }
  }

  public func allotments(of promotion: Promotion) -> [Allotment] {
    Array(allotments[promotion.allotments])
  }

  /// A promotion that has not ended, be it a draft, and has a SKU.
  func planned(with sku: SKUIndex, at now: Timestamp) -> Promotion? {
    promotions.first { promotion in
      !promotion.isCancelled && promotion.endTime > now
        && promotion.lines.contains { $0.sku == sku }
    }
  }

  /// Takes over a promotion that is new or has changed.
  public mutating func put(_ promotion: Promotion) {
    precondition(promotion.index.int <= promotions.count, "promotions are numbered without a gap")
    if promotion.index.int == promotions.count {
      promotions.append(promotion)
      places[promotion.id] = promotion.index
    } else {
      promotions[promotion.index.int] = promotion
    }
  }

  /// Takes over an allotment that is new or has changed.
  public mutating func put(_ allotment: Allotment, at place: Int) {
    precondition(place <= allotments.count, "allotments are numbered without a gap")
    if place == allotments.count {
      allotments.append(allotment)
      open[allotment.sku, default: []].append(place)
      openPromotions.insert(allotment.promotion)
    } else {
      allotments[place] = allotment
    }
  }

  /// Closes the allotments of promotions that have ended or were cancelled.
  ///
  /// - Complexity: O(promotions that had not ended + lines of those that have).
  public mutating func refresh(at now: Timestamp) {
    for index in openPromotions {
      let promotion = promotions[index.int]
      guard promotion.isCancelled || promotion.endTime <= now else { continue }
      openPromotions.remove(index)
      for place in promotion.allotments { close(place) }
    }
  }

  private mutating func close(_ place: Int) {
    let sku = allotments[place].sku
    open[sku]?.removeAll { $0 == place }
    if open[sku]?.isEmpty ?? false { open[sku] = nil }
  }

  /// When a promotion next starts or ends.
  func nextMoment(after now: Timestamp) -> Timestamp? {
    promotions.filter { $0.isScheduled && !$0.isCancelled }
      .flatMap { [$0.startTime, $0.endTime] }.filter { $0 > now }.min()
  }

  /// Those that have started or ended since.
  func turning(after before: Timestamp, upTo now: Timestamp) -> [Promotion] {
    promotions.filter { promotion in
      promotion.isScheduled && !promotion.isCancelled
        && [promotion.startTime, promotion.endTime].contains { $0 > before && $0 <= now }
    }
  }

  /// Counts what a movement takes out of an allotment or gives back.
  ///
  /// - Returns: the place of the allotment, when it changed.
  mutating func count(_ movement: Movement, sequence: Int64) -> Int? {
    guard let use = movement.allotment, let taken = movement.taken,
      let place = place(of: movement.sku, in: use.promotion), sequence > allotments[place].sequence
    else { return nil }
    allotments[place].taken += taken
    allotments[place].sequence = sequence
    precondition(
      (0...allotments[place].quantity).contains(allotments[place].taken),
      "no more is taken out of an allotment than is in it")
    return place
  }
}
