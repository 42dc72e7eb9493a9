/// The receipts of one device, which numbers them one by one: a gap says that a sale is still on
/// the device.
public struct SequenceRecord: Equatable, Sendable {
  public private(set) var highest: Int64?
  /// In rising order, none touching another.
  public private(set) var missing: [ClosedRange<Int64>]

  public init(highest: Int64? = nil, missing: [ClosedRange<Int64>] = []) {
    self.highest = highest
    self.missing = missing
  }

  public var missingCount: Int64 { missing.reduce(0) { $0 + Int64($1.count) } }

  /// Takes a receipt's number in. Beyond the bound the oldest gaps are forgotten.
  public mutating func record(_ number: Int64) {
    guard let top = highest else {
      highest = number
      return
    }
    if number > top {
      if number > top + 1 { missing.append((top + 1)...(number - 1)) }
      if missing.count > IntakeLimits.sequenceRanges { missing.removeFirst() }
      highest = number
      return
    }
    guard let index = missing.firstIndex(where: { $0.contains(number) }) else { return }
    let gap = missing.remove(at: index)
    if number < gap.upperBound { missing.insert((number + 1)...gap.upperBound, at: index) }
    if number > gap.lowerBound { missing.insert(gap.lowerBound...(number - 1), at: index) }
  }
}
