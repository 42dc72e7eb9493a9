internal import PoolDomain

/// What only some entries have, behind what all have.
extension EntryDetails {
  private enum Part: UInt64 {
    case document = 0x1_0000
    case costs = 0x2_0000
    case note = 0x8_0000
  }

  var parts: UInt64 {
    var parts: UInt64 = 0
    if document != nil { parts |= Part.document.rawValue }
    if !costs.isEmpty { parts |= Part.costs.rawValue }
    if !note.isEmpty { parts |= Part.note.rawValue }
    return parts
  }

  func write(to writer: inout ByteWriter) {
    if let document {
      writer.byte(document.kind.rawValue)
      writer.text(document.text)
    }
    if !costs.isEmpty {
      writer.text(currency)
      writer.count(costs.count)
      for cost in costs {
        writer.integer(cost.goods)
        writer.integer(cost.charges)
      }
    }
    if !note.isEmpty { writer.text(note) }
  }

  /// - Parameter parts: of the whole entry.
  init(_ parts: UInt64, _ reader: inout ByteReader) throws(ByteReader.Malformed) {
    self.init()
    if parts & Part.document.rawValue != 0 {
      guard let kind = DocumentKey.Kind(rawValue: try reader.byte()) else {
        throw ByteReader.Malformed()
      }
      document = DocumentKey(kind, try reader.text())
    }
    if parts & Part.costs.rawValue != 0 {
      currency = try reader.text()
      for _ in 0..<(try reader.count()) {
        costs.append(LandedCost(goods: try reader.integer(), charges: try reader.integer()))
      }
    }
    if parts & Part.note.rawValue != 0 { note = try reader.text() }
  }
}
