internal import PoolDomain
internal import Primitives
internal import StorageCore

/// A sale's place in the index of orders.
struct SaleKey: Hashable, Comparable {
  /// A hash of the order's ID (FNV-1a, 64 bits); orders that share one are told apart by their rows.
  let order: Int64
  let number: Int64

  init(order: Int64, number: Int64) {
    self.order = order
    self.number = number
  }

  init(_ sale: Sale) {
    self.init(sale.orderID, number: sale.number)
  }

  init(_ order: OrderID, number: Int64) {
    self.order = Self.of(order)
    self.number = number
  }

  static func of(_ order: OrderID) -> Int64 {
    let hash = order.text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
    }
    return Int64(bitPattern: hash)
  }

  static func < (left: SaleKey, right: SaleKey) -> Bool {
    (left.order, left.number) < (right.order, right.number)
  }
}

/// How a sale is found by its order.
enum SaleSQL {
  /// Takes the key and the order's ID.
  static let ofOrder = """
    SELECT sale.sale_number, sale.order_id, sale.body, sale.checksum FROM sale_index
    JOIN sale ON sale.sale_number = sale_index.sale_number
    WHERE sale_index.order_key = ? AND sale.order_id = ?
    """

  static func sale(_ row: any Row, _ order: OrderID) throws -> Sale {
    try SealedTable.sale.check(row)
    return try Sale(orderID: order, number: row.int64(0), bytes: row.bytes(2))
  }
}

/// Writes the index of orders behind the sales, in runs: a run is sorted when it is full, and then written in that order
/// a few keys with each commit, so that neighbours share pages. An index that took each key as it comes would dirty a page
/// a sale, however large the table is.
///
/// A sale may leave memory once its key is written: until then, memory is the only way to it.
struct SaleIndex {
  /// Keys that wait until their run is full, by their numbers.
  private var open: [SaleKey] = []
  /// The run that is being written, sorted, and how far it has come.
  private var run: [SaleKey] = []
  private var written = 0
  /// Every sale up to this number is in the index; those up to `lastNumber` will be.
  private(set) var indexedNumber: Int64
  private var lastNumber: Int64
  private var runEnd: Int64 = 0
  private let runCount: Int
  /// Since the last commit.
  private var added = 0

  /// - Parameters:
  ///   - indexed: the number up to which sales are in the index.
  ///   - waiting: the keys of those behind it that are on disk, by their numbers.
  ///   - salesInMemory: of which those that wait are half at most.
  init(indexed: Int64, waiting: [SaleKey], salesInMemory: Int) {
    indexedNumber = indexed
    open = waiting
    lastNumber = waiting.last?.number ?? indexed
    runCount = min(ServiceLimits.saleRun, max(1, salesInMemory / 4))
  }

  var isClean: Bool { open.isEmpty && run.isEmpty }

  /// Notes a sale that was written; one that was known is passed over. Sales are first written in the order of their
  /// numbers.
  mutating func add(_ sale: Sale) {
    guard sale.number > lastNumber else { return }
    lastNumber = sale.number
    open.append(SaleKey(sale))
    added += 1
  }

  /// Writes some of what waits, inside the commit at hand.
  mutating func write(to store: PoolStore, isIdle: Bool) throws(StorageError) {
    if run.isEmpty, open.count >= runCount || (isIdle && !open.isEmpty) {
      run = open.sorted()
      runEnd = lastNumber
      open = []
    }
    defer { added = 0 }
    guard !run.isEmpty else { return }
    let count = isIdle ? ServiceLimits.idleSweptRecords : max(ServiceLimits.sweptRecords, 2 * added)
    let end = min(run.count, written + count)
    for key in run[written..<end] { try store.write(key) }
    written = end
    guard written == run.count else { return }
    try store.mark(indexedSale: runEnd)
    indexedNumber = runEnd
    run = []
    written = 0
  }
}
