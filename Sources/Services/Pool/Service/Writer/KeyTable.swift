/// The rows of many things by their keys, in eight bytes a slot: 32 bits of the key and 32 of the row,
/// counted from the first.
///
/// So a row that it gives may be another one's, once in 2^40 times their number; whoever asks reads the
/// row anyway. It grows by parts, so that no addition takes long.
struct KeyTable: Sendable {
  private struct Part: Sendable {
    /// A power of two; 0 is an empty slot.
    var slots = [UInt64](repeating: 0, count: 16)
    var count = 0

    mutating func add(_ slot: UInt64) {
      if count * 4 >= slots.count * 3 { grow() }
      put(slot)
      count += 1
    }

    private mutating func grow() {
      let old = slots
      slots = [UInt64](repeating: 0, count: old.count * 2)
      for slot in old where slot != 0 { put(slot) }
    }

    private mutating func put(_ slot: UInt64) {
      var place = Int(slot >> 32) & (slots.count - 1)
      while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
      slots[place] = slot
    }

    func prefetch(_ tag: UInt64) { slots.prefetch(Int(tag) & (slots.count - 1)) }

    func contains(_ tag: UInt64) -> Bool {
      var place = Int(tag) & (slots.count - 1)
      while slots[place] != 0 {
        if slots[place] >> 32 == tag { return true }
        place = (place + 1) & (slots.count - 1)
      }
      return false
    }

    /// Hands over the numbers of the slots with these bits of a key, in the order in which they came.
    func collect(_ tag: UInt64, _ body: (UInt64) -> Void) {
      var place = Int(tag) & (slots.count - 1)
      while slots[place] != 0 {
        if slots[place] >> 32 == tag { body(slots[place] & 0xFFFF_FFFF) }
        place = (place + 1) & (slots.count - 1)
      }
    }
  }

  private let firstRow: Int64
  private var parts = [Part](repeating: Part(), count: 256)

  /// - Parameter firstRow: none that is added comes before it.
  init(firstRow: Int64) {
    self.firstRow = firstRow
  }

  var count: Int { parts.reduce(0) { $0 + $1.count } }

  /// Whether rows under one key are handed over for the other, too.
  static func shareSlots(_ key: UInt64, _ other: UInt64) -> Bool {
    key >> 56 == other >> 56 && (key ^ other) & 0xFFFF_FFFF == 0
  }

  /// Whether it can have a row: one of the next 2^32.
  func takes(_ row: Int64) -> Bool { row - firstRow < Int64(UInt32.max) }

  mutating func add(_ key: UInt64, row: Int64) {
    precondition(takes(row), "a table has 2^32 rows at most")
    let number = UInt64(row - firstRow) + 1
    parts[Int(key >> 56)].add((key & 0xFFFF_FFFF) << 32 | number)
  }

  /// Begins to fetch where a key is looked for.
  func prefetch(_ key: UInt64) { parts[Int(key >> 56)].prefetch(key & 0xFFFF_FFFF) }

  /// Whether there are rows under a key.
  func contains(_ key: UInt64) -> Bool { parts[Int(key >> 56)].contains(key & 0xFFFF_FFFF) }

  /// Adds the rows under a key; costs no memory when there is none.
  func collect(_ key: UInt64, into rows: inout [Int64]) {
    parts[Int(key >> 56)].collect(key & 0xFFFF_FFFF) { number in
      rows.append(firstRow + Int64(number) - 1)
    }
  }
}
