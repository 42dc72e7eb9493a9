public import Primitives

/// SKUs in the order of their creation, found by their places and by their names.
///
/// An index of names has the places alone, four bytes a slot: the names are with the records, once.
public struct SKUTable: Sendable {
  /// A record without its place, which is the entry's own.
  private struct Entry: Sendable {
    let sku: SKU
    let displayName: String
    let group: SKUGroup?
    let createTime: Timestamp
    let updateTime: Timestamp
    let revision: Int64

    init(_ record: SKURecord) {
      sku = record.sku
      displayName = record.displayName
      group = record.group
      createTime = record.createTime
      updateTime = record.updateTime
      revision = record.revision
    }
  }

  private var entries = ChunkedArray<Entry>(chunkSize: 64)
  /// A power of two, half full at most; -1 is an empty slot.
  private var slots = [Int32](repeating: -1, count: 16)
  /// SKUs that stand in the slots.
  private var namedCount = 0

  public init() {}

  public var count: Int { entries.count }
  public var all: some Sequence<SKURecord> { (0..<count).lazy.map { self[$0] } }

  public subscript(place: Int) -> SKURecord {
    let entry = entries[place]
    return SKURecord(
      index: SKUIndex(place), sku: entry.sku, displayName: entry.displayName, group: entry.group,
      createTime: entry.createTime, updateTime: entry.updateTime, revision: entry.revision)
  }

  public func sku(at place: Int) -> SKU { entries[place].sku }
  public func group(at place: Int) -> SKUGroup? { entries[place].group }

  public subscript(sku: SKU) -> SKUIndex? {
    var slot = sku.text.hashValue & (slots.count - 1)
    while slots[slot] >= 0 {
      let place = Int(slots[slot])
      if entries[place].sku == sku { return SKUIndex(place) }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Adds the next SKU, or changes one that is there.
  public mutating func put(_ record: SKURecord) {
    precondition(record.index.int <= entries.count, "SKUs are numbered without a gap")
    if record.index.int == entries.count {
      entries.append(Entry(record))
      addNames()
    } else {
      entries[record.index.int] = Entry(record)
    }
  }

  /// Takes over a SKU, with others that lie beside it.
  public mutating func share(_ other: SKUTable, at place: Int) {
    entries.share(other.entries, at: place)
    addNames()
  }

  private mutating func addNames() {
    if entries.count * 2 > slots.count {
      var size = slots.count
      while entries.count * 2 > size { size *= 2 }
      slots = [Int32](repeating: -1, count: size)
      namedCount = 0
    }
    while namedCount < entries.count {
      var slot = entries[namedCount].sku.text.hashValue & (slots.count - 1)
      while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(namedCount)
      namedCount += 1
    }
  }
}
