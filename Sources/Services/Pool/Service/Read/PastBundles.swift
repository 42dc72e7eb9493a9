internal import PoolDomain
internal import Primitives
internal import StorageCore

/// What a SKU consisted of at a past instant, and what was in the bundles in it.
struct PastBundles: Sendable {
  private(set) var table = BundleTable()

  init() {}

  /// - Throws: `LedgerError.bundleUnknown` for an instant at which it was not kept.
  init(_ sku: SKUIndex, at time: Timestamp, _ reader: LedgerReader) throws {
    let start = try reader.assortmentStart
    var next = [sku]
    var known: Set<SKUIndex> = []
    while let sku = next.popLast() {
      guard known.insert(sku).inserted else { continue }
      guard let parts = try reader.bundleParts(of: sku, at: max(time, start)) else { continue }
      guard time >= start else { throw LedgerError.bundleUnknown(try reader.name(of: sku)) }
      guard !parts.isEmpty else { continue }
      guard table.takes(parts, in: sku) else {
        throw DamagedRecord(table: "bundle_history", key: "sku \(try reader.name(of: sku))")
      }
      table.set(Bundle(sku: sku, parts: parts, updateTime: .zero, revision: 1))
      next += parts.map(\.sku)
    }
  }
}

extension LedgerReader {
  /// From when on it is known what was in bundles and promotions.
  var assortmentStart: Timestamp {
    get throws { try historyStart.assortment }
  }

  /// From when on it is known what rules were, and what was in bundles and promotions; and the sequence after which holds
  /// were begun by a program that kept what they were first asked for.
  var historyStart: (rules: Timestamp, assortment: Timestamp, firstLinesAfter: Int64) {
    get throws {
      let start = try transaction.first(.historyStart) { row in
        (rules: row.time(1), assortment: row.time(2), firstLinesAfter: row.int64(3))
      }
      guard let start else { throw SealedTable.historyStart.missing("start_id 1") }
      return start
    }
  }

  func name(of sku: SKUIndex) throws -> SKU {
    let name = try transaction.first("SELECT sku FROM sku WHERE sku_id = ?", [.int(sku.int)]) {
      $0.id(0, as: SKU.self)
    }
    guard let name else { throw SealedTable.sku.missing("sku_id \(sku.number)") }
    return name
  }

  /// What was in a bundle; nothing in one that had become an ordinary SKU again, nil for a SKU that had been none.
  fileprivate func bundleParts(of sku: SKUIndex, at time: Timestamp) throws -> [Bundle.Part]? {
    var found: [Bundle.Part]?
    try transaction.scan(
      .bundleHistory,
      """
      WHERE sku = (SELECT sku FROM sku WHERE sku_id = ?) AND update_time <= ?
      ORDER BY update_time DESC, change_id DESC LIMIT 1
      """, [.int(sku.int), .time(time)]
    ) { row in
      var reader = ByteReader(row.bytes(2))
      guard let parts = try? reader.bundleParts(), reader.isAtEnd else {
        throw SealedTable.bundleHistory.damaged(row, "it cannot be read")
      }
      found = parts
      return false
    }
    return found
  }
}
