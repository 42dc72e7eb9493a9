import PoolAPI
import Primitives
import Testing

@testable import CommandLineMain

@Suite struct MovementLineTests {
  private func columns(_ movement: Movement) -> [String: String] {
    let cells = MovementLine.cells(movement).map { String(CSV.line([$0]).dropLast()) }
    let names = MovementLine.header.map { String(CSV.line([$0]).dropLast()) }
    #expect(cells.count == names.count)
    return Dictionary(uniqueKeysWithValues: zip(names, cells))
  }

  /// Goal: everything that the ledger tells of a movement is in its line, its times to the microsecond.
  @Test func everythingIsInTheLine() {
    let time = Timestamp(microseconds: 1_795_593_600_000_012)
    let found = columns(
      Movement(
        sequence: 7, commitTime: time, sourceTime: time - .microseconds(12), kind: .received,
        sku: "TEE", locationID: "A", quantity: 3, orderID: "o", lineID: "1", holdID: "h",
        channelID: "till", reason: "receipt", actor: "bo", cause: "r-1", requestID: "q",
        documentKind: .purchaseOrder, documentID: "P",
        landedCost: .init(
          currency: "EUR", goodsMinor: 1_500, chargesMinor: 30, unitMicros: 510_000_000),
        note: "=wet", lots: [.init(lotID: "L, 1", expireTime: time, quantity: 2)],
        oversoldCount: 1))
    #expect(
      found == [
        "sequence": "7", "commit_time": "2026-11-25T08:00:00.000012Z",
        "source_time": "2026-11-25T08:00:00.000000Z", "kind": "received", "sku": "TEE",
        "location_id": "A", "quantity": "3", "order_id": "o", "line_id": "1", "hold_id": "h",
        "channel_id": "till", "reason": "receipt", "actor": "bo", "cause": "r-1",
        "request_id": "q", "document_kind": "purchaseOrder", "document_id": "P",
        "currency": "EUR", "goods_minor": "1500", "charges_minor": "30",
        "unit_micros": "510000000", "note": "'=wet",
        "lots":
          #""[{""lotId"":""L, 1"",""expireTime"":""2026-11-25T08:00:00.000012Z"",""quantity"":""2""}]""#,
        "oversold_count": "1",
      ])
  }

  /// Goal: what is not known is empty, and no price of 0; earlier columns stay where they were.
  @Test func unknownIsEmpty() {
    let found = columns(Movement(sequence: 1, kind: .sold, sku: "TEE", quantity: 2))
    let empty = found.filter { $0.value.isEmpty }.keys
    #expect(
      Set(found.keys).subtracting(empty) == [
        "sequence", "kind", "sku", "quantity", "oversold_count",
      ])
    #expect(
      CSV.line(Array(MovementLine.header.prefix(15)))
        == "sequence,commit_time,source_time,kind,sku,location_id,quantity,order_id,line_id,"
        + "hold_id,channel_id,reason,actor,cause,request_id\r\n")
  }
}
