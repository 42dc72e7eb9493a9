public import Primitives

/// SKUs in the order of their creation, found by their places and by their names.
///
/// An index of names has the places alone, four bytes a slot: the names are with the records, once.
public struct SKUTable: Sendable {
  private var records = ChunkedArray<SKURecord>(chunkSize: 64)
  /// A power of two, half full at most; -1 is an empty slot.
  private var slots = [Int32](repeating: -1, count: 16)
  /// SKUs that stand in the slots.
  private var namedCount = 0

  public init() {}

  public var count: Int { records.count }
  public var all: ChunkedArray<SKURecord> { records }

  public subscript(place: Int) -> SKURecord { records[place] }

  public subscript(sku: SKU) -> SKUIndex? {
    var slot = sku.text.hashValue & (slots.count - 1)
    while slots[slot] >= 0 {
      let place = Int(slots[slot])
      if records[place].sku == sku { return SKUIndex(place) }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Adds the next SKU, or changes one that is there.
  public mutating func put(_ record: SKURecord) {
    precondition(record.index.int <= records.count, "SKUs are numbered without a gap")
    if record.index.int == records.count {
      records.append(record)
      addNames()
    } else {
      records[record.index.int] = record
    }
  }

  /// Takes over a SKU, with others that lie beside it.
  public mutating func share(_ other: SKUTable, at place: Int) {
    records.share(other.records, at: place)
    addNames()
  }

  private mutating func addNames() {
    if records.count * 2 > slots.count {
      var size = slots.count
      while records.count * 2 > size { size *= 2 }
      slots = [Int32](repeating: -1, count: size)
      namedCount = 0
    }
    while namedCount < records.count {
      var slot = records[namedCount].sku.text.hashValue & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(namedCount)
      namedCount += 1
    }
  }
}
