internal import GatewayDomain
internal import Primitives
internal import StorageCore

extension Transaction {
  /// Takes the numbers of a device's receipts in, and returns how its numbering stands.
  func recordSequence(
    _ numbers: [Int64], account: AccountID, device: String
  ) throws -> SequenceRecord {
    var record =
      try first(
        "SELECT highest, missing FROM till_device WHERE account_id = ? AND device_id = ?",
        [.id(account), .text(device)]
      ) { SequenceRecord(highest: $0.int64(0), missing: RangesText.decode($0.text(1))) }
      ?? SequenceRecord()
    for number in numbers.sorted() { record.record(number) }
    guard let highest = record.highest else { return record }
    try execute(
      """
      INSERT INTO till_device (account_id, device_id, highest, missing) VALUES (?, ?, ?, ?)
      ON CONFLICT (account_id, device_id) DO UPDATE SET highest = excluded.highest,
        missing = excluded.missing
      """,
      [
        .id(account), .text(device), .integer(highest), .text(RangesText.encode(record.missing)),
      ])
    return record
  }
}

/// Ranges as text: `3-5,9-9`.
enum RangesText {
  static func encode(_ ranges: [ClosedRange<Int64>]) -> String {
    ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
  }

  static func decode(_ text: String) -> [ClosedRange<Int64>] {
    text.split(separator: ",").compactMap { part in
      let ends = part.split(separator: "-").compactMap { Int64($0) }
      return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
    }
  }
}
