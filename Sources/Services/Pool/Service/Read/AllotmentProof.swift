internal import PoolDomain
internal import Primitives
internal import StorageCore

/// Adds up what the ledger takes out of allotments, and compares it with what is kept and what is in memory.
struct AllotmentProof: Sendable {
  private typealias Key = AllotmentSum.Key

  private struct Claim {
    var use: AllotmentSum
    var source: String
  }

  private var sums: AllotmentSums
  private let share: LedgerProof.Share
  private var claims: [Key: [Claim]] = [:]
  var hasClaims: Bool { !claims.isEmpty }

  /// - Parameter archived: what the archives add up to.
  init(_ archived: [AllotmentSum], _ share: LedgerProof.Share) {
    sums = AllotmentSums(archived.filter { share.has($0.sku) })
    self.share = share
  }

  /// What is wrong with the allotment of a movement of the share.
  mutating func count(_ movement: Movement, _ sequence: Int64) -> String? {
    guard let sum = sums.count(movement, sequence: sequence) else { return nil }
    let key = sum.key
    guard sum.taken >= 0 else { return "movement \(sequence) gives back more than was taken" }
    guard let open = claims[key] else { return nil }
    for claim in open where claim.use.sequence <= sequence && claim.use != sum {
      return Self.words(key, claim.source, sequence)
    }
    let left = open.filter { $0.use.sequence > sequence }
    claims[key] = left.isEmpty ? nil : left
    return nil
  }

  /// Compares allotments with what was added up to `sequence`, or notes what they claim of later movements.
  mutating func compare(
    _ allotments: [Allotment], at sequence: Int64, _ source: String
  ) -> String? {
    var met: Set<Key> = []
    for allotment in allotments where share.has(allotment.sku) {
      let use = AllotmentSum(allotment)
      let key = use.key
      met.insert(key)
      if use.sequence > sequence {
        claims[key, default: []].append(Claim(use: use, source: source))
      } else if sums[key] != use {
        return Self.words(key, source, sequence)
      }
    }
    return sums.all.first { !met.contains($0.key) }.map {
      "there is no allotment \(source) of SKU number \($0.sku.number) in promotion number "
        + "\($0.promotion.number), out of which the ledger takes"
    }
  }

  /// What is claimed of movements that the ledger has not.
  var openClaim: String? {
    claims.first.map { key, open in Self.words(key, open[0].source, open[0].use.sequence) }
  }

  private static func words(_ key: Key, _ source: String, _ sequence: Int64) -> String {
    "what is taken out of the allotment of SKU number \(key.sku.number) in promotion number "
      + "\(key.promotion.number) \(source) differs from the ledger at movement \(sequence)"
  }
}

extension LedgerReader {
  /// Every allotment as it was swept.
  func allotments() throws -> [Allotment] {
    var found: [Allotment] = []
    try transaction.scan(.allotment) { row in
      found.append(AllotmentSQL.allotment(row))
      return true
    }
    return found
  }
}
