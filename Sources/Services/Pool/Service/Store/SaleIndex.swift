internal import PoolDomain
internal import Primitives
internal import StorageCore
internal import Synchronization

/// A sale's order, as a hash (FNV-1a, 64 bits), and its number; orders that share a hash are told apart by their rows.
struct SaleKey: Hashable {
  let order: UInt64
  let number: Int64

  init(order: UInt64, number: Int64) {
    self.order = order
    self.number = number
  }

  init(_ order: OrderID, number: Int64) {
    self.init(order: Self.hash(of: order), number: number)
  }

  static func hash(of order: OrderID) -> UInt64 {
    order.text.utf8.reduce(0xCBF2_9CE4_8422_2325) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
    }
  }
}

/// The numbers of the sales on disk by their orders: about eleven bytes of memory a sale, whose own memory is then free to
/// go. Most orders are new, which is known here without a look at the disk. Shared by the writer, which alone
/// adds, and the readers.
final class SaleNumbers: Sendable {
  /// One, until numbers are too far apart for it.
  private let tables = Mutex<[KeyTable]>([])

  func add(_ keys: some Collection<SaleKey>) {
    tables.withLock { tables in
      for key in keys { tables.last?.prefetch(key.order) }
      for key in keys {
        if !(tables.last?.takes(key.number) ?? false) {
          tables.append(KeyTable(firstRow: key.number))
        }
        tables[tables.count - 1].add(key.order, row: key.number)
      }
    }
  }

  /// Begins to fetch where an order with this hash is looked for.
  func prefetch(_ hash: UInt64) {
    tables.withLock { tables in
      for table in tables { table.prefetch(hash) }
    }
  }

  /// Whether there may be a sale of an order with this hash.
  func contains(_ hash: UInt64) -> Bool {
    tables.withLock { tables in tables.contains { $0.contains(hash) } }
  }

  /// Of sales that may be of an order.
  func numbers(of order: OrderID) -> [Int64] {
    let hash = SaleKey.hash(of: order)
    return tables.withLock { tables in
      var found: [Int64] = []
      for table in tables { table.collect(hash, into: &found) }
      return found
    }
  }
}

/// How a sale is found by its order.
enum SaleSQL {
  static let ofNumber = "SELECT \(SealedTable.sale.list) FROM sale WHERE sale_number = ?"

  /// Nil for a sale of another order with the same hash: whose it is, is said by a row that is sound.
  static func sale(_ row: any Row, _ order: OrderID) throws(DamagedRecord) -> Sale? {
    try SealedTable.sale.check(row)
    guard OrderID(trusted: row.text(1)) == order else { return nil }
    guard let sale = try? Sale(orderID: order, number: row.int64(0), bytes: row.bytes(2)) else {
      throw SealedTable.sale.damaged(row, "it cannot be read")
    }
    return sale
  }
}

/// Keeps the keys of written sales: in memory at once, and on disk in runs, so that a start reads them without the sales.
struct SaleIndex {
  let numbers: SaleNumbers
  /// Keys behind the last run, by their numbers; those before `told` are in memory.
  private var open: [SaleKey]
  private var told = 0
  private var lastNumber: Int64

  /// - Parameters:
  ///   - numbers: has the keys of all that is on disk.
  ///   - open: the keys of those behind the last run.
  ///   - indexed: the last number of that run.
  init(numbers: SaleNumbers, open: [SaleKey], indexed: Int64) {
    self.numbers = numbers
    self.open = open
    told = open.count
    lastNumber = open.last?.number ?? indexed
  }

  /// Notes a sale that was written; one that was known is passed over. Sales are first written in the order of their
  /// numbers.
  mutating func add(_ sale: Sale) {
    guard sale.number > lastNumber else { return }
    lastNumber = sale.number
    open.append(SaleKey(sale.orderID, number: sale.number))
  }

  /// Tells what was noted since the last time, and writes the runs that are full, inside the commit at hand.
  mutating func write(to store: PoolStore) throws(StorageError) {
    if told < open.count { numbers.add(open[told...]) }
    told = open.count
    var start = 0
    // After an older store was opened there are many.
    while open.count - start >= ServiceLimits.saleRun,
      start < ServiceLimits.saleRunsInCommit * ServiceLimits.saleRun
    {
      try store.write(SaleRun(keys: Array(open[start..<start + ServiceLimits.saleRun])))
      start += ServiceLimits.saleRun
    }
    open.removeFirst(start)
    told -= start
  }
}

/// Keys of sales in the order of their numbers, as a row keeps them.
struct SaleRun {
  var keys: [SaleKey]

  init(keys: [SaleKey]) {
    self.keys = keys
  }

  /// Sixteen bytes a key: its hash and its number, the lowest byte first.
  var bytes: [UInt8] {
    [UInt8](unsafeUninitializedCapacity: keys.count * 16) { buffer, count in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      for (place, key) in keys.enumerated() {
        raw.storeBytes(of: key.order.littleEndian, toByteOffset: place * 16, as: UInt64.self)
        raw.storeBytes(of: key.number.littleEndian, toByteOffset: place * 16 + 8, as: Int64.self)
      }
      count = keys.count * 16
    }
  }

  /// Nil for what is no run behind `last`.
  init?(_ bytes: UnsafeRawBufferPointer, after last: Int64) {
    guard !bytes.isEmpty, bytes.count % 16 == 0 else { return nil }
    var last = last
    keys = []
    keys.reserveCapacity(bytes.count / 16)
    for offset in stride(from: 0, to: bytes.count, by: 16) {
      let number = Int64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: Int64.self))
      guard number > last else { return nil }
      last = number
      keys.append(
        SaleKey(
          order: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
          number: number))
    }
  }
}
