internal import PoolDomain
internal import Primitives

/// What only some entries have, behind what all have.
extension EntryDetails {
  private enum Part: UInt64 {
    case document = 0x1_0000
    case costs = 0x2_0000
    case lots = 0x4_0000
    case note = 0x8_0000
    case bundles = 0x10_0000
  }

  var parts: UInt64 {
    var parts: UInt64 = 0
    if document != nil { parts |= Part.document.rawValue }
    if !costs.isEmpty { parts |= Part.costs.rawValue }
    if !note.isEmpty { parts |= Part.note.rawValue }
    if !bundles.isEmpty { parts |= Part.bundles.rawValue }
    if !lots.isEmpty { parts |= Part.lots.rawValue }
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
    if !bundles.isEmpty { writer.write(bundles) }
    if !lots.isEmpty { writer.write(lots) }
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
    if parts & Part.bundles.rawValue != 0 { bundles = try reader.saleBundles() }
    if parts & Part.lots.rawValue != 0 { lots = try reader.lotUnits() }
  }
}

extension ByteWriter {
  mutating func write(_ parts: [Bundle.Part]) {
    count(parts.count)
    for part in parts {
      unsigned(UInt64(part.sku.number))
      integer(part.units)
    }
  }

  mutating func write(_ bundles: [SaleBundle]) {
    count(bundles.count)
    for bundle in bundles {
      text(bundle.lineID)
      unsigned(UInt64(bundle.sku.number))
      write(bundle.parts)
    }
  }
}

extension ByteWriter {
  mutating func write(_ tag: LotTag) {
    text(tag.id.text)
    time(tag.expireTime)
  }

  mutating func write(_ lots: [LotUnits]) {
    count(lots.count)
    for units in lots {
      count(units.movement)
      write(units.tag)
      integer(units.quantity)
    }
  }
}

extension ByteReader {
  mutating func lotTag() throws(Malformed) -> LotTag {
    LotTag(id: LotID(trusted: try text()), expireTime: try time())
  }

  mutating func lotUnits() throws(Malformed) -> [LotUnits] {
    var lots: [LotUnits] = []
    for _ in 0..<(try count()) {
      let units = LotUnits(movement: try index(), tag: try lotTag(), quantity: try integer())
      guard units.quantity > 0 else { throw Malformed() }
      lots.append(units)
    }
    return lots
  }

  mutating func bundleParts() throws(Malformed) -> [Bundle.Part] {
    var parts: [Bundle.Part] = []
    for _ in 0..<(try count()) {
      let part = Bundle.Part(sku: SKUIndex(try index()), units: try integer())
      guard (1...Limits.bundleUnits).contains(part.units) else { throw Malformed() }
      parts.append(part)
    }
    return parts
  }

  mutating func saleBundles() throws(Malformed) -> [SaleBundle] {
    var bundles: [SaleBundle] = []
    for _ in 0..<(try count()) {
      bundles.append(
        SaleBundle(
          lineID: try text(), sku: SKUIndex(try index()), parts: try bundleParts()))
    }
    return bundles
  }
}
