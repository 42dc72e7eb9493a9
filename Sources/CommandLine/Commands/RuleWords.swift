internal import Foundation
internal import PoolAPI
internal import Primitives

/// How rules are written on the command line.
enum RuleWords {
  static let margins =
    "UNITS, PERCENT% (0 to 100), FROM:ABOVE,BELOW, demand:SECONDS[,PERCENT%][,measured] or none"

  /// Nil for `none`.
  static func margin(_ text: String) throws(UsageError) -> Buffer.Margin? {
    if text == "none" { return nil }
    if let units = Int64(text) { return .unitCount(units) }
    if let points = points(text), points <= 10_000 { return .basisPoints(points) }
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    if parts.count == 2, parts[0] == "demand", let demand = demand(parts[1]) {
      return .demand(demand)
    }
    if parts.count == 2, let tiers = tiers(parts[0], parts[1]) { return .tiers(tiers) }
    throw UsageError("MARGIN is \(text): \(margins) is wanted")
  }

  private static func tiers(_ threshold: String, _ counts: String) -> Buffer.Tiers? {
    let numbers = ([threshold] + counts.split(separator: ",").map(String.init)).map { Int64($0) }
    guard numbers.count == 3, let threshold = numbers[0], let above = numbers[1],
      let below = numbers[2]
    else { return nil }
    return Buffer.Tiers(thresholdCount: threshold, aboveCount: above, belowCount: below)
  }

  private static func demand(_ text: String) -> Buffer.Demand? {
    var parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    let isMeasured = parts.last == "measured"
    if isMeasured { parts.removeLast() }
    guard let seconds = parts.first.flatMap(Double.init), (0.000_001...86_400).contains(seconds),
      parts.count <= 2
    else { return nil }
    var demand = Buffer.Demand(
      lag: .microseconds(Int64((seconds * 1e6).rounded())), lagIsMeasured: isMeasured)
    if parts.count == 2 {
      guard let factor = points(parts[1]) else { return nil }
      demand.factorBasisPoints = factor
    }
    return demand
  }

  /// `12.5%` in hundredths of a percent.
  private static func points(_ text: String) -> Int32? {
    guard text.hasSuffix("%"), let percent = Double(text.dropLast()), (0...10_000).contains(percent)
    else { return nil }
    return Int32((percent * 100).rounded())
  }

  static func text(_ margin: Buffer.Margin?) -> String {
    switch margin {
    case .unitCount(let count): "\(count)"
    case .basisPoints(let points): percent(points)
    case .tiers(let tiers):
      "\(tiers.thresholdCount):\(tiers.aboveCount),\(tiers.belowCount)"
    case .demand(let demand):
      "demand:\(seconds(demand.lag ?? .zero)),\(percent(demand.factorBasisPoints))"
        + (demand.lagIsMeasured ? ",measured" : "")
    case nil: "none"
    }
  }

  /// `60` or `1.5`.
  private static func seconds(_ lag: Duration) -> String {
    "\(lag.inSeconds)".replacing(#/\.0$/#, with: "")
  }

  private static func percent(_ points: Int32) -> String {
    let text = String(format: "%.2f", Double(points) / 100)
    return text.replacing(#/\.?0+$/#, with: "") + "%"
  }

  static func list(_ text: String) -> [String] {
    text.split(separator: ",").map(String.init)
  }
}
