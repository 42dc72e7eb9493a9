internal import Kit
internal import PoolAPI
internal import PoolDomain
internal import Primitives

extension RequestCheck {
  /// A document's lines, each with a name of its own.
  mutating func documentLines<Line, Value>(
    _ lines: [Line], _ field: String, _ lineID: KeyPath<Line, String>,
    _ read: (inout RequestCheck, Line, String) -> Value
  ) -> [Value] {
    count(lines, field, in: 1...Limits.documentLines)
    guard lines.count <= Limits.documentLines else { return [] }
    var known: Set<String> = []
    var found: [Value] = []
    for (number, line) in lines.enumerated() {
      let path = "\(field)[\(number)]"
      let id = identifier(LineID.self, line[keyPath: lineID], "\(path).line_id").text
      if !known.insert(id).inserted {
        refuse("\(path).line_id", "The line \(id) comes a second time.")
      }
      found.append(read(&self, line, path))
    }
    return found
  }

  /// - Parameter hasLots: whether it says which lots came; a transfer knows its own.
  mutating func receipt(_ receipt: PoolAPI.Receipt?, hasLots: Bool) -> PoolDomain.Receipt {
    guard let receipt = required(receipt, "receipt") else {
      return PoolDomain.Receipt(id: ReceiptID(trusted: ""), lines: [])
    }
    count(receipt.lines, "receipt.lines", in: 1...Limits.documentLines)
    let id = identifier(ReceiptID.self, receipt.receiptID, "receipt.receipt_id")
    let lines = receipt.lines.prefix(Limits.documentLines).enumerated().map { number, line in
      let path = "receipt.lines[\(number)]"
      if !hasLots, !line.lotID.isEmpty {
        refuse("\(path).lot_id", "A transfer knows which lots are under way.")
      }
      return PoolDomain.Receipt.Line(
        lineID: identifier(LineID.self, line.lineID, "\(path).line_id").text,
        quantity: quantity(line.quantity, "\(path).quantity", in: 1...Limits.lineUnits),
        isUnavailable: line.unavailable, lot: lot(line.lotID, line.lotExpireTime, path))
    }
    return PoolDomain.Receipt(
      id: id, lines: lines,
      reason: text(
        receipt.reason, "receipt.reason", atMost: Limits.reasonBytes, mayBeEmpty: true),
      actor: text(receipt.actor, "receipt.actor", atMost: Limits.actorBytes, mayBeEmpty: true))
  }

  /// A lot, if there is one; an expiry without a lot is of nothing.
  mutating func lot(
    _ id: String, _ expireTime: Timestamp?, _ path: some CustomStringConvertible
  ) -> LotTag? {
    if id.isEmpty, expireTime != nil { refuse("\(path).lot_id", "An expiry wants a lot.") }
    return optionalIdentifier(LotID.self, id, "\(path).lot_id").map {
      LotTag(id: $0, expireTime: expireTime)
    }
  }

  mutating func basisPoints(_ points: Int32, _ field: String) -> Int32 {
    integer(Int64(points), field, in: 0...Int64(Limits.basisPoints))
    return points
  }

  /// Three capital letters.
  mutating func currency(_ text: String, _ field: String) -> String {
    if text.utf8.count != 3 || !text.utf8.allSatisfy({ (65...90).contains($0) }) {
      refuse(field, "It is no currency: three capital letters are wanted, as in ISO 4217.")
    }
    return text
  }
}
