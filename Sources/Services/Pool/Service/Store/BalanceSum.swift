internal import PoolDomain
internal import Primitives

/// A balance and how fast it sold, as movements add up to them.
struct BalanceSum: Sendable {
  private(set) var balance: Balance
  private(set) var rate: SaleRate

  init(_ balance: Balance, _ rate: SaleRate = SaleRate()) {
    self.balance = balance
    self.rate = rate
  }

  mutating func count(_ movement: Movement, sequence: Int64, at time: Timestamp) {
    balance.count(movement, sequence: sequence)
    rate.count(movement, at: time)
  }
}
