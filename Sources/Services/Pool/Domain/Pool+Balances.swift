public import Primitives

extension Pool {
  public var skuCount: Int { catalog.skus.count }

  public func record(of sku: SKUIndex) -> SKURecord { catalog.skus[sku.int] }
  public func sku(at index: SKUIndex) -> SKU { catalog.sku(index) }
  public func record(of location: LocationIndex) -> LocationRecord {
    catalog.locations[location.int]
  }

  public var locations: [LocationRecord] { catalog.locations }

  public var skus: SKUTable { catalog.skus }

  public func index(of sku: SKU) -> SKUIndex? { catalog.find(sku) }
  public func index(of location: LocationID) -> LocationIndex? { catalog.find(location) }

  /// On hand - held - committed over all locations.
  public func available(_ sku: SKUIndex) -> Quantity { stocks[sku.int].available }

  /// The ledger sequence of the last movement of a SKU.
  public func sequence(of sku: SKUIndex) -> Int64 { stocks[sku.int].sequence }

  /// The balances of a SKU, in the order of the locations' ranks.
  public func balances(of sku: SKUIndex) -> [Balance] {
    var found: [Balance] = []
    var place = stocks[sku.int].firstBalance
    while place >= 0 {
      found.append(balances[Int(place)])
      place = nextBalance[Int(place)]
    }
    return found
  }

  /// Where a SKU's balance at a location stands in `balances`.
  ///
  /// - Complexity: O(locations of the SKU).
  public func findBalance(_ sku: SKUIndex, _ location: LocationIndex) -> Int? {
    var place = stocks[sku.int].firstBalance
    while place >= 0 {
      if balances[Int(place)].location == location { return Int(place) }
      place = nextBalance[Int(place)]
    }
    return nil
  }

  func balance(_ sku: SKUIndex, _ location: LocationIndex) -> Balance {
    findBalance(sku, location).map { balances[$0] } ?? Balance(sku: sku, location: location)
  }

  /// As `findBalance`, but makes the balance when there is none.
  func balancePlace(_ sku: SKUIndex, _ location: LocationIndex) -> Int {
    findBalance(sku, location) ?? addBalance(Balance(sku: sku, location: location))
  }

  /// What readers may share with a pool begins so.
  public static let noStocks = ChunkedArray<Stock>(chunkSize: 8)
  public static let noBalances = ChunkedArray<Balance>(chunkSize: 8)
  public static let noRates = ChunkedArray<SaleRate>(chunkSize: 8)
  public static let noPlaces = ChunkedArray<Int32>(chunkSize: 64)

  /// Adds a balance behind those of its SKU whose location has a lower rank.
  @discardableResult
  func addBalance(_ balance: Balance, rate: SaleRate = SaleRate()) -> Int {
    let place = balances.count
    balances.append(balance)
    rates.append(rate)
    nextBalance.append(-1)
    link(place)
    return place
  }

  private func link(_ place: Int) {
    let sku = balances[place].sku.int
    let rank = rankPlace(place)
    var before: Int32 = -1
    var after = stocks[sku].firstBalance
    while after >= 0, rankPlace(Int(after)) < rank {
      before = after
      after = nextBalance[Int(after)]
    }
    nextBalance[place] = after
    if before < 0 {
      stocks[sku].firstBalance = Int32(place)
    } else {
      nextBalance[Int(before)] = Int32(place)
    }
  }

  private func rankPlace(_ place: Int) -> Int {
    catalog.rankPlaces[balances[place].location.int]
  }

  /// Puts every SKU's balances in order again after a rank has changed.
  func relinkBalances() {
    for sku in stocks.indices { stocks[sku].firstBalance = -1 }
    for place in balances.indices { link(place) }
  }
}
