internal import PoolAPI
internal import PoolDomain
internal import Primitives

/// Who holds units of a SKU, looked up a few at a time, so that no reader keeps the writer from publishing for long,
/// however many holds there are.
struct Holders {
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
  /// Whether more are left than are looked at while everybody waits.
  var isLong: Bool { places.count - next > ServiceLimits.holdsAtOnce }

  /// Looks at the next few.
  mutating func advance(_ records: RecordView.Records) {
    let end = min(places.count, next + ServiceLimits.holdsAtOnce)
    for place in places[next..<end]
    where HoldLists.isHolder(place, of: sku, in: records.holds) && known.insert(place).inserted {
      found.append(records.holds[Int(place)])
    }
    next = end
  }

  /// The oldest first.
  var messages: [ExplainAvailabilityResponse.Holder] {
    found.sorted { ($0.createTime, $0.id) < ($1.createTime, $1.id) }.map { hold in
      ExplainAvailabilityResponse.Holder(
        holdID: hold.id.text, owner: hold.owner, quantity: hold.quantity(of: sku),
        expireTime: hold.expireTime)
    }
  }
}
