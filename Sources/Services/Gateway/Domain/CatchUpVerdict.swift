public import Primitives

/// What a time in which nobody listened to the channels has cost: what was missed, and who oversold whom.
public struct CatchUpVerdict: Codable, Equatable, Sendable {
  /// What one account had to tell.
  public struct Account: Codable, Equatable, Sendable {
    public var accountID: String
    /// The last time that all was well with it.
    public var wellTime: Int64
    /// It was asked for everything since; else it was away, and is caught up with later.
    public var isComplete = false
    /// Orders that nobody had told of, and units of them that their channel has sold.
    public var orderCount: Int64 = 0
    public var unitCount: Int64 = 0
    /// Changes of orders and returns, new orders among them, and those of them that have taken effect.
    public var changeCount: Int64 = 0
    public var appliedCount: Int64 = 0

    public init(accountID: String, wellTime: Timestamp) {
      self.accountID = accountID
      self.wellTime = wellTime.microseconds
    }
  }

  /// A SKU of which more was sold than there was.
  public struct Oversold: Codable, Equatable, Sendable {
    public var sku: String
    /// Units that were available at the end, over all locations; negative when some are missing.
    public var availableCount: Int64
    /// In the order in which they took effect.
    public var orders: [Order]
  }

  /// An order that took units that were not there.
  public struct Order: Codable, Equatable, Sendable {
    public var orderID: String
    public var oversoldCount: Int64
    /// Who had taken the units before, the last one first.
    public var takers: [Taker]
    /// Of the oversold units: those that are there after all, kept back by a buffer or come back since.
    public var saveCount: Int64
    /// Those that are not: to be cancelled with the channel.
    public var cancelCount: Int64
  }

  public struct Taker: Codable, Equatable, Sendable {
    public var orderID: String
    public var count: Int64
  }

  public var accounts: [Account]
  public var oversold: [Oversold] = []

  public init(accounts: [Account] = []) {
    self.accounts = accounts
  }
}

/// An order's units of one SKU, as the ledger has them.
public struct RecordedSale: Equatable, Sendable {
  public var orderID: String
  /// Units taken, those given back since left out.
  public var count: Quantity
  /// Units of them that had no stock behind them.
  public var oversoldCount: Quantity

  public init(orderID: String, count: Quantity, oversoldCount: Quantity) {
    self.orderID = orderID
    self.count = count
    self.oversoldCount = oversoldCount
  }

  /// The account's name stands before the first slash of all orders' IDs.
  var account: Substring { orderID.prefix { $0 != "/" } }
}

extension CatchUpVerdict {
  /// Says of one SKU who took the units that oversold orders lack, and which of these orders can be kept.
  ///
  /// A channel takes its own sales off its own number, so the units were taken by the other accounts' orders, if any: the
  /// latest before the oversold one first, and each unit counted once. The orders that came last are the ones to be
  /// cancelled, as far as units are missing at the end.
  ///
  /// - Parameters:
  ///   - sales: in the order in which they were recorded; one an order.
  ///   - available: units over all locations; negative when some are missing.
  /// - Returns: nil when nothing that is still sold was oversold.
  /// - Complexity: O(sales · accounts).
  public static func judge(
    sku: String, sales: [RecordedSale], available: Quantity
  ) -> Oversold? {
    var taken = TakenUnits()
    var orders: [Order] = []
    for (place, sale) in sales.enumerated() {
      let lacking = min(sale.oversoldCount, sale.count)
      if lacking > 0 {
        orders.append(
          Order(
            orderID: sale.orderID, oversoldCount: lacking,
            takers: taken.give(lacking, to: sale.account), saveCount: lacking, cancelCount: 0))
      }
      taken.add(sale, at: place)
    }
    guard !orders.isEmpty else { return nil }
    var missing = max(0, -available)
    for place in orders.indices.reversed() {
      let count = min(missing, orders[place].oversoldCount)
      orders[place].cancelCount = count
      orders[place].saveCount -= count
      missing -= count
    }
    return Oversold(sku: sku, availableCount: available, orders: orders)
  }
}
