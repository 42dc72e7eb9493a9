public import Primitives

/// SKUs in the order of their creation, found by their places and by their names.
///
/// An index of names has four bytes a slot: the names lie beside the records, once, and apart from what a look-up does not
/// need.
public struct SKUTable: Sendable {
  /// A record without its name, and without its place, which is the entry's own.
  private struct Entry: Sendable {
    let displayName: String
    let group: SKUGroup?
    let createTime: Timestamp
    let updateTime: Timestamp
    let revision: Int64

    init(_ record: SKURecord) {
      displayName = record.displayName
      group = record.group
      createTime = record.createTime
      updateTime = record.updateTime
      revision = record.revision
    }
  }

  private var names = ChunkedArray<SKU>(chunkSize: 64)
  private var entries = ChunkedArray<Entry>(chunkSize: 64)
  /// A power of two, half full at most, so that a place and one leave room for the bits of the hash that have not chosen
  /// the slot: they tell almost every other SKU apart without its name. 0 is an empty slot.
  private var slots = [UInt32](repeating: 0, count: 16)
  /// SKUs that stand in the slots.
  private var namedCount = 0

  public init() {}

  public var count: Int { entries.count }
  public var all: some Sequence<SKURecord> { (0..<count).lazy.map { self[$0] } }

  public subscript(place: Int) -> SKURecord {
    let entry = entries[place]
    return SKURecord(
      index: SKUIndex(place), sku: names[place], displayName: entry.displayName, group: entry.group,
      createTime: entry.createTime, updateTime: entry.updateTime, revision: entry.revision)
  }

  public func sku(at place: Int) -> SKU { names[place] }
  public func group(at place: Int) -> SKUGroup? { entries[place].group }

  public subscript(sku: SKU) -> SKUIndex? {
    let (mask, hash) = (slots.count - 1, sku.text.hashValue)
    var slot = hash & mask
    while slots[slot] != 0 {
      let place = Int(slots[slot]) & mask - 1
      if slots[slot] == Self.slot(hash, place, mask), names[place] == sku { return SKUIndex(place) }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Adds the next SKU, or changes one that is there.
  public mutating func put(_ record: SKURecord) {
    precondition(record.index.int <= entries.count, "SKUs are numbered without a gap")
    if record.index.int == entries.count {
      names.append(record.sku)
      entries.append(Entry(record))
      addNames()
    } else {
      entries[record.index.int] = Entry(record)
    }
  }

  /// Takes over a SKU, with others that lie beside it.
  public mutating func share(_ other: SKUTable, at place: Int) {
    names.share(other.names, at: place)
    entries.share(other.entries, at: place)
    addNames()
  }

  private static func slot(_ hash: Int, _ place: Int, _ mask: Int) -> UInt32 {
    UInt32(truncatingIfNeeded: hash & ~mask | (place + 1))
  }

  private mutating func addNames() {
    if names.count * 2 > slots.count {
      var size = slots.count
      while names.count * 2 > size { size *= 2 }
      slots = [UInt32](repeating: 0, count: size)
      namedCount = 0
    }
    let mask = slots.count - 1
    while namedCount < names.count {
      let hash = names[namedCount].text.hashValue
      var slot = hash & mask
      while slots[slot] != 0 { slot = (slot + 1) & mask }
      slots[slot] = Self.slot(hash, namedCount, mask)
      namedCount += 1
    }
  }
}
