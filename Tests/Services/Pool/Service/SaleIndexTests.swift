import Foundation
import PoolAPI
import Primitives
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

/// Goal: a sale is found by its order wherever it lies: in memory, behind the index, or in a run that is half written.
@Suite struct SaleIndexTests {
  private func order(_ number: Int) -> String {
    // Orders come in no order.
    String(UInt64(number) &* 0x9E37_79B9_7F4A_7C15, radix: 36)
  }

  /// Each crash finds the index at another place.
  @Test func everyOrderIsKnownAfterEveryCrash() async throws {
    let bench = try Bench(salesInMemory: 40)
    try await bench.stock(["TEE": 10_000])
    var number = 0
    for round in 1...12 {
      for _ in 0..<(7 * round) {
        try await bench.sell(order(number), 1)
        number += 1
      }
      let copy = bench.folder.appendingPathComponent("copy")
      try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(at: copy) }
      for end in ["", "-wal"] {
        try FileManager.default.copyItem(
          atPath: bench.path + end, toPath: copy.appendingPathComponent("pool.db").path + end)
      }
      let server = try Bench.serve(copy, bench.clock, Bench.PageLimit(), 40)
      let client = Bench.client(server)
      for known in 0..<number {
        let sale = try await client.getSale(.init(orderID: order(known)))
        #expect(sale.orderID == order(known) && sale.lines.map(\.soldCount) == [1])
      }
      // Known to the writer, too: a repeat sells nothing.
      for known in stride(from: 0, to: number, by: 5) {
        _ = try await client.recordSale(
          .init(
            orderID: order(known), channelID: "shopee",
            lines: [.init(lineID: "1", sku: "TEE", quantity: 1)]))
      }
      let stock = try await client.getAvailability(.init(sku: "TEE"))
      #expect(stock.availableCount == 10_000 - Int64(number))
      await server.close()
    }
    await bench.end()
  }

  /// A run is written when it is full, a start reads it, and what comes behind it is read from the sales.
  @Test func runsAndWhatComesBehindThem() async throws {
    let bench = try Bench()
    await bench.server.close()
    let store = try PoolStore(path: bench.path)
    let numbers = SaleNumbers()
    var index = SaleIndex(numbers: numbers, open: [], indexed: .min)
    func commit(_ range: Range<Int>) throws {
      try store.connection.begin()
      for number in range {
        let sale = Sale(
          orderID: OrderID(trusted: order(number)), channelID: nil, lines: [], sequence: 1,
          number: Int64(number))
        try store.write(sale)
        index.add(sale)
      }
      try store.flushRecords()
      try index.write(to: store)
      try store.connection.commit()
    }
    func lasts() throws -> [Int64] {
      var found: [Int64] = []
      try store.connection.scan(.saleRun, "ORDER BY last_number") { row in
        found.append(row.int64(0))
        return true
      }
      return found
    }
    let run = ServiceLimits.saleRun
    try commit(1..<run)
    #expect(try lasts().isEmpty)
    // What was known before is not taken twice.
    try commit(run - 2..<run + 1)
    #expect(try lasts() == [Int64(run)])
    try commit(run + 1..<3 * run + 10)
    #expect(try lasts() == [Int64(run), Int64(2 * run), Int64(3 * run)])
    let loaded = try store.load(salesInMemory: 1_000)
    #expect(loaded.openSales.map(\.number) == (3 * run + 1..<3 * run + 10).map(Int64.init))
    for found in [numbers, store.saleNumbers] {
      for number in 1..<3 * run + 10 {
        #expect(found.numbers(of: OrderID(trusted: order(number))) == [Int64(number)])
      }
      #expect(found.numbers(of: OrderID(trusted: "new")).isEmpty)
    }
    store.close()
    try? FileManager.default.removeItem(at: bench.folder)
  }

  /// Goal: orders whose hashes are the same are told apart, and numbers far apart are kept.
  @Test func numbersFarApart() {
    let numbers = SaleNumbers()
    let key = SaleKey.hash(of: OrderID(trusted: "o"))
    let all: [Int64] = [-9, 1, 1 << 33, 1 << 40]
    numbers.add(all.map { SaleKey(order: key, number: $0) })
    #expect(numbers.numbers(of: OrderID(trusted: "o")) == all)
  }

  @Test func damagedRunIsNotServed() async throws {
    let bench = try Bench()
    await bench.server.close()
    for bytes in ["x'00'", "x''", "zeroblob(32)"] {
      try bench.change("INSERT OR REPLACE INTO sale_run VALUES (1, \(bytes), 0)")
      #expect(throws: StorageError.self) {
        _ = try LivePool(path: bench.path, salesInMemory: 9) { _ in }
      }
      try bench.forge(
        "INSERT OR REPLACE INTO sale_run (last_number, sale_keys) VALUES (1, \(bytes))", .saleRun)
      #expect(throws: StorageError.self) {
        _ = try LivePool(path: bench.path, salesInMemory: 9) { _ in }
      }
    }
    await bench.end()
  }
}
