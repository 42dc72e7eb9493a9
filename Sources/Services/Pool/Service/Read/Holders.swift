internal import PoolAPI
internal import PoolDomain
internal import Primitives

/// Who holds units of a SKU, looked up a few at a time, so that no reader keeps the writer from publishing for long,
/// however many holds there are.
struct Holders {
  typealias Holder = ExplainAvailabilityResponse.Holder
  typealias Owner = ExplainAvailabilityResponse.Owner

  let sku: SKUIndex
  private let places: [Int32]
  private var next = 0
  private var known: Set<Int32> = []
  private var found: [PoolDomain.Hold] = []

  /// The holds that are listed now.
  init(of sku: SKUIndex, _ records: RecordView.Records) {
    self.sku = sku
    places = records.holdLists.places(of: sku)
  }

  var isBegun: Bool { next > 0 }
  var isFinished: Bool { next == places.count }
  var leftCount: Int { places.count - next }

  /// Looks at the next few.
  mutating func advance(_ records: RecordView.Records) {
    let end = min(places.count, next + ServiceLimits.holdsAtOnce)
    for place in places[next..<end]
    where HoldLists.isHolder(place, of: sku, in: records.holds) && known.insert(place).inserted {
      found.append(records.holds[Int(place)])
    }
    next = end
  }

  /// Those with units that count, the oldest first.
  ///
  /// - Parameter counts: whether units at a location do.
  func messages(where counts: (LocationIndex) -> Bool = { _ in true }) -> [Holder] {
    found.sorted { ($0.createTime, $0.id) < ($1.createTime, $1.id) }.compactMap { hold in
      let units = hold.quantity(of: sku, where: counts)
      guard units > 0 else { return nil }
      return Holder(
        holdID: hold.id.text, owner: hold.owner, quantity: units, expireTime: hold.expireTime)
    }
  }

  /// Those with most units first.
  static func owners(_ holders: [Holder]) -> [Owner] {
    Dictionary(grouping: holders, by: \.owner).map { owner, holds in
      Owner(
        owner: owner, quantity: holds.reduce(0) { $0 + $1.quantity },
        holdCount: Int64(holds.count))
    }.sorted { ($1.quantity, $0.owner) < ($0.quantity, $1.owner) }
  }
}

/// The holders of the SKUs that an explanation has terms of: of one, or of each component of a bundle. All together they
/// are looked up a few at a time.
struct HolderSearch {
  private(set) var all: [Holders]

  /// The holds that are listed now.
  init(of skus: [SKUIndex], _ records: RecordView.Records) {
    all = skus.map { Holders(of: $0, records) }
  }

  /// Whether more are left than are looked at while everybody waits.
  var isLong: Bool { all.reduce(0) { $0 + $1.leftCount } > ServiceLimits.holdsAtOnce }

  /// Looks at the next few.
  mutating func advance(_ records: RecordView.Records) {
    guard let place = all.firstIndex(where: { !$0.isFinished }) else { return }
    all[place].advance(records)
  }

  /// Looks at the rest. Those that were not begun are told as they are at this very moment.
  ///
  /// - Parameter skus: which they are by now.
  mutating func finish(of skus: [SKUIndex], _ records: RecordView.Records) {
    all = skus.map { sku in
      let begun = all.first { $0.sku == sku && $0.isBegun }
      var holders = begun ?? Holders(of: sku, records)
      while !holders.isFinished { holders.advance(records) }
      return holders
    }
  }
}
