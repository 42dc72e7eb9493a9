import Foundation
import PoolAPI
import Primitives
import RPCCore
import StorageCore
import StorageSQLite
import Testing

@testable import PoolDomain
@testable import PoolService

/// Returns, whose requests are known for ever: damage must not let one count twice.
@Suite struct KeptRequestTests {
  /// Many returns, so that some have neighbours on both sides, of which nobody remembers the requests.
  private func filled() async throws -> Bench {
    let bench = try Bench()
    try await bench.stock(["TEE": 0])
    for number in 0..<40 { try await take(number, bench) }
    bench.clock.advance(by: .seconds(25 * 3600))
    try await bench.restart()
    return bench
  }

  private func take(_ number: Int, _ bench: Bench) async throws {
    let line = PoolAPI.ReturnLine(
      sku: "TEE", locationID: "A", quantity: 1, disposition: .restock)
    _ = try await bench.client.returnStock(
      .init(returnID: "r", lines: [line], requestID: "q-\(10 + number)"))
  }

  @Test func returnsAreKnownForEver() async throws {
    let bench = try await filled()
    for number in 0..<41 { try await take(number, bench) }
    #expect(try await bench.available() == 41)
    await bench.end()
  }

  /// Goal: whatever bit of a kept request turned over, the return does not count once more, and nothing is written any
  /// more. Method: its name becomes one before all, behind all, or in their middle.
  @Test(arguments: [
    "a-20", "z-20", "q-60", "q-2 ", "q-19", "SET row_number = row_number + 1",
    "SET row_number = 1000", "SET checksum = NULL",
  ])
  func damagedRequestStopsCommands(change: String) async throws {
    let bench = try await filled()
    if change.hasPrefix("SET") {
      try bench.change("UPDATE kept_request \(change) WHERE request_id = 'q-20'")
    } else {
      // In its place, where SQLite would not leave it.
      try bench.overwrite("q-20", with: change, in: "kept_request")
    }
    await expectError(.unavailable, "STORE_UNAVAILABLE") { try await take(10, bench) }
    do {
      try await bench.sell("x", 1)
      Issue.record("a command was taken")
    } catch let error as RPCError {
      #expect(error.message.contains("of the table kept_request is damaged"), "\(error)")
      #expect(error.message.contains(BadRow.remedy))
    }
    #expect(try await bench.available() == 40)
    await bench.end()
  }

  /// Goal: a row of the ledger whose request ID is damaged is not taken for another request's.
  @Test(arguments: [
    "UPDATE ledger SET request_id = 'q-x' WHERE request_id = 'q-20'",
    "DELETE FROM ledger WHERE request_id = 'q-20'",
  ])
  func damagedRequestOfTheDayStopsCommands(sql: String) async throws {
    try await withBench { bench in
      try await bench.stock(["TEE": 0])
      for number in 0..<40 { try await take(number, bench) }
      try bench.change(sql)
      await expectError(.unavailable, "STORE_UNAVAILABLE") { try await take(10, bench) }
      do {
        try await bench.sell("x", 1)
        Issue.record("a command was taken")
      } catch let error as RPCError {
        #expect(error.message.contains("of the ledger is"), "\(error)")
      }
      #expect(try await bench.available() == 40)
    }
  }
}
