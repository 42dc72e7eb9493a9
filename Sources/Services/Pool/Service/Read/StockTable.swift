internal import PoolDomain
internal import Primitives

/// The stock of every SKU as readers see it; what is in it is shared with the writer's pool until either
/// changes.
struct StockTable: Sendable {
  /// A SKU over all of its locations. Not to be kept: it holds on to the table.
  struct Stock {
    let available: Quantity
    /// Of its last movement.
    let sequence: Int64
    fileprivate let first: Int32
    fileprivate let table: StockTable

    /// In the order of the locations' ranks.
    var balances: [Balance] {
      var found: [Balance] = []
      eachPlace { found.append(table.balances[$0]) }
      return found
    }

    func eachBalance(_ body: (Balance) -> Void) {
      eachPlace { body(table.balances[$0]) }
    }

    /// How fast each balance sells; only while a buffer follows demand.
    func eachRate(_ body: (SaleRate) -> Void) {
      eachPlace { body(table.rates[$0]) }
    }

    private func eachPlace(_ body: (Int) -> Void) {
      var place = first
      while place >= 0 {
        body(Int(place))
        place = table.next[Int(place)]
      }
    }
  }

  private var stocks = Pool.noStocks
  private var balances = Pool.noBalances
  private var rates = Pool.noRates
  private var next = Pool.noPlaces

  init() {}

  /// Takes over all of a pool.
  init(_ pool: Pool) {
    stocks = pool.stocks
    balances = pool.balances
    rates = pool.rates
    next = pool.nextBalance
  }

  var count: Int { stocks.count }

  subscript(place: Int) -> Stock {
    let stock = stocks[place]
    return Stock(
      available: stock.available, sequence: stock.sequence, first: stock.firstBalance, table: self)
  }

  /// On hand - held - committed over all locations.
  func available(_ sku: SKUIndex) -> Quantity { stocks[sku.int].available }

  /// Takes over how fast every balance sells.
  mutating func shareRates(_ pool: Pool) {
    rates = pool.rates
  }

  /// Takes over what a pool has of a SKU.
  ///
  /// - Parameter withRates: whether anybody looks at how fast it sells.
  mutating func share(_ pool: Pool, _ sku: SKUIndex, withRates: Bool) {
    stocks.share(pool.stocks, at: sku.int)
    var place = stocks[sku.int].firstBalance
    while place >= 0 {
      balances.share(pool.balances, at: Int(place))
      if withRates { rates.share(pool.rates, at: Int(place)) }
      next.share(pool.nextBalance, at: Int(place))
      place = next[Int(place)]
    }
  }
}
