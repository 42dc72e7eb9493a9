internal import Kit
internal import Primitives
internal import StorageCore

extension GatewayStore {
  /// Forgets a bounded number of events that were done before `time`. Orders, returns and sales have records of their own, so an
  /// event that comes once more after that is worked on and changes nothing. Of tills' sales the keys stay.
  ///
  /// - Returns: how many.
  func pruneInbox(doneBefore time: Timestamp, limit: Int) async throws -> Int {
    let condition = "state = 'done' AND finish_time < ?"
    let isAny = try await read {
      try $0.exists("SELECT 1 FROM inbox WHERE \(condition) LIMIT 1", [.time(time)])
    }
    guard isAny else { return 0 }
    return Int(
      try await write { transaction in
        try transaction.keepPastSales(doneBefore: time, limit: limit)
        return try transaction.execute(
          """
          DELETE FROM inbox WHERE inbox_id IN (
            SELECT inbox_id FROM inbox WHERE \(condition) ORDER BY finish_time, inbox_id LIMIT ?)
          """,
          [.time(time), .int(limit)])
      })
  }

  /// The bytes that the store's rows take.
  func usedBytes() async throws -> Int64 {
    try await read { transaction in
      try transaction.int64(
        """
        SELECT (pages.page_count - free.freelist_count) * size.page_size
        FROM pragma_page_count AS pages, pragma_freelist_count AS free, pragma_page_size AS size
        """) ?? 0
    }
  }
}
