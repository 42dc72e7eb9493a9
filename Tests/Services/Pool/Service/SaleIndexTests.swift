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

  /// A run is written in the order of its keys, and only a whole one counts as indexed.
  @Test func runsAreSortedAndWhole() async throws {
    let bench = try Bench()
    await bench.server.close()
    let store = try PoolStore(path: bench.path)
    var index = SaleIndex(indexed: 0, waiting: [], salesInMemory: 4 * 100)
    func commit(_ numbers: Range<Int>, isIdle: Bool = false) throws {
      try store.connection.begin()
      for number in numbers {
        index.add(
          Sale(
            orderID: OrderID(trusted: order(number)), channelID: nil, lines: [], sequence: 1,
            number: Int64(number)))
      }
      try index.write(to: store, isIdle: isIdle)
      try store.connection.commit()
    }
    func stored() throws -> [SaleKey] {
      var keys: [SaleKey] = []
      try store.connection.scan("SELECT order_key, sale_number FROM sale_index") { row in
        keys.append(SaleKey(order: row.int64(0), number: row.int64(1)))
        return true
      }
      return keys
    }
    let all = (1...100).map { SaleKey(OrderID(trusted: order($0)), number: Int64($0)) }.sorted()
    try commit(1..<100)
    #expect(try stored().isEmpty && !index.isClean)
    try commit(100..<101)
    let first = try stored()
    #expect(first == Array(all.prefix(first.count)) && first.count < 100 && !first.isEmpty)
    #expect(index.indexedNumber == 0)
    // What was known before is not taken twice, and what comes meanwhile is for the next run.
    while index.indexedNumber == 0 { try commit(100..<102) }
    #expect(index.indexedNumber == 100 && !index.isClean)
    #expect(try stored() == all)
    try commit(0..<0, isIdle: true)
    #expect(index.indexedNumber == 101 && index.isClean)
    store.close()
    try? FileManager.default.removeItem(at: bench.folder)
  }
}
