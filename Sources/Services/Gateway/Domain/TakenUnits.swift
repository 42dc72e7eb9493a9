internal import Primitives

/// Units of one SKU that orders have taken and that no order which lacks some was told of yet.
struct TakenUnits {
  private struct Part {
    var place: Int
    var orderID: String
    var count: Quantity
  }

  /// By account, the last one at the end; none is empty.
  private var parts: [Substring: [Part]] = [:]

  /// What an order took that had stock behind it.
  mutating func add(_ sale: RecordedSale, at place: Int) {
    let count = sale.count - sale.oversoldCount
    guard count > 0 else { return }
    parts[sale.account, default: []].append(
      Part(place: place, orderID: sale.orderID, count: count))
  }

  /// Says who has taken the units that an order of `account` lacks: the last one of the other accounts first, and its own
  /// account's orders only when no other has any left.
  mutating func give(_ units: Quantity, to account: Substring) -> [CatchUpVerdict.Taker] {
    var left = units
    var takers: [CatchUpVerdict.Taker] = []
    while left > 0, let from = latest(besides: account), let part = parts[from]?.last {
      let count = min(left, part.count)
      left -= count
      takers.append(CatchUpVerdict.Taker(orderID: part.orderID, count: count))
      take(count, from)
    }
    return takers
  }

  private func latest(besides account: Substring) -> Substring? {
    let others = parts.filter { $0.key != account }
    let latest = others.max { ($0.value.last?.place ?? 0) < ($1.value.last?.place ?? 0) }
    return latest?.key ?? (parts[account] == nil ? nil : account)
  }

  private mutating func take(_ count: Quantity, _ account: Substring) {
    guard var own = parts.removeValue(forKey: account), var part = own.popLast() else { return }
    part.count -= count
    if part.count > 0 { own.append(part) }
    if !own.isEmpty { parts[account] = own }
  }
}
