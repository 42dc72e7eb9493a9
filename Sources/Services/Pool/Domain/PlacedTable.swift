public import Primitives

/// Values found by their IDs, each at a place that it keeps as long as it is there: who has looked
/// one up goes on with its place.
///
/// The pool's table and the readers' copy share the values until the pool changes one. The index of
/// IDs is in parts, each of which grows by itself: no command waits until all of it is made anew.
public struct PlacedTable<ID: HashedIdentifier, Value: Sendable>: Sendable {
  /// Cannot be copied, so that who reads the value borrows it: a copy would count itself in at every object that is in it.
  fileprivate struct Content: ~Copyable, Sendable {
    let value: Value

    func read<T, Failure: Error>(
      _ body: (Value) throws(Failure) -> T
    ) throws(Failure) -> T {
      try body(value)
    }
  }

  fileprivate final class Box: Sendable {
    let id: ID
    let content: Content

    init(_ id: ID, _ value: consuming Value) {
      self.id = id
      content = Content(value: value)
    }
  }

  private static var partBits: Int { 6 }

  private var boxes = ChunkedArray<Box?>(chunkSize: 1024)
  private var freePlaces: [Int32] = []
  /// Each a power of two of slots, two thirds full at most; a slot has 32 bits of the ID's hash
  /// above the place and one, or 0 when it is empty.
  private var parts = [[UInt64]](
    repeating: [UInt64](repeating: 0, count: 8), count: 1 << Self.partBits)
  private var partCounts = [Int](repeating: 0, count: 1 << Self.partBits)
  public private(set) var count = 0

  public init() {}

  // MARK: Look-up
  //
  // Inlined, so that a caller reads the one array that it needs: a call would be given a copy of the table, each of whose
  // arrays it counts itself in at.

  /// Begins to fetch the slot where an ID with this hash is looked for: slots lie far apart in memory.
  @inline(__always)
  public func prefetch(_ hash: Int) {
    let part = Self.part(hash)
    parts[part].prefetch(hash & (parts[part].count - 1))
  }

  @inline(__always)
  public func place(of id: ID) -> Int? {
    let part = Self.part(id.hash)
    let mask = parts[part].count - 1
    var slot = id.hash & mask
    while true {
      let found = parts[part][slot]
      if found == 0 { return nil }
      if found >> 32 == Self.mark(id.hash), let box = boxes[Self.place(found)], box.id == id {
        return Self.place(found)
      }
      slot = (slot + 1) & mask
    }
  }

  /// The value at a place, which must have one.
  public subscript(place: Int) -> Value {
    _read {
      guard let box = boxes[place] else { preconditionFailure("nothing is at place \(place)") }
      yield box.content.value
    }
    set { set(place, newValue) }
  }

  /// Reads the value at a place, which must have one, where it lies.
  @inline(__always)
  public func read<T, Failure: Error>(
    _ place: Int, _ body: (Value) throws(Failure) -> T
  ) throws(Failure) -> T {
    guard let box = boxes[place] else { preconditionFailure("nothing is at place \(place)") }
    return try box.content.read(body)
  }

  @inline(__always)
  public subscript(id: ID) -> Value? {
    place(of: id).map { self[$0] }
  }

  /// Whose value is at a place; nil when nothing is there.
  @inline(__always)
  public func id(at place: Int) -> ID? {
    place < boxes.count ? boxes[place]?.id : nil
  }

  @inline(__always)
  public func contains(_ place: Int) -> Bool {
    place < boxes.count && boxes[place] != nil
  }

  /// In the order of their places.
  public var values: some Sequence<Value> { boxes.lazy.compactMap { $0?.content.value } }
  public var keys: some Sequence<ID> { boxes.lazy.compactMap { $0?.id } }
  public var places: some Sequence<Int> { boxes.indices.lazy.filter { boxes[$0] != nil } }

  public var dictionary: [ID: Value] {
    Dictionary(uniqueKeysWithValues: boxes.lazy.compactMap { $0.map { ($0.id, $0.content.value) } })
  }

  // MARK: Change

  /// Sets the value of an ID; returns its place.
  @discardableResult
  public mutating func set(_ id: ID, _ value: consuming Value) -> Int {
    guard let place = place(of: id) else { return add(id, value) }
    set(place, value)
    return place
  }

  /// Sets the value at a place, which must have one.
  public mutating func set(_ place: Int, _ value: consuming Value) {
    guard let box = boxes[place] else { preconditionFailure("nothing is at place \(place)") }
    boxes[place] = Box(box.id, value)
  }

  /// Adds a value under an ID that has none yet; returns its place.
  public mutating func add(_ id: ID, _ value: consuming Value) -> Int {
    let box = Box(id, value)
    let place: Int
    if let free = freePlaces.popLast() {
      place = Int(free)
      boxes[place] = box
    } else {
      place = boxes.count
      boxes.append(box)
    }
    addToIndex(id.hash, place)
    count += 1
    return place
  }

  /// Removes what is at a place; another value may have the place later.
  public mutating func remove(at place: Int) {
    guard let hash = empty(place) else { return }
    removeFromIndex(hash, place)
    count -= 1
  }

  /// The same of many places, whose slots are fetched side by side.
  public mutating func remove(at places: [Int]) {
    var removed: [(hash: Int, place: Int)] = []
    removed.reserveCapacity(places.count)
    for place in places where place < boxes.count { boxes[place].map { Primitives.prefetch($0) } }
    for place in places {
      guard let hash = empty(place) else { continue }
      prefetch(hash)
      removed.append((hash, place))
    }
    for (hash, place) in removed { removeFromIndex(hash, place) }
    count -= removed.count
  }

  /// - Returns: the hash of what was there, which is still in the index.
  private mutating func empty(_ place: Int) -> Int? {
    guard place < boxes.count, let box = boxes[place] else { return nil }
    boxes[place] = nil
    freePlaces.append(Int32(place))
    return box.id.hash
  }

  /// What is at some places of a table, or that nothing is there, for a copy of it.
  public struct Excerpt: Sendable {
    fileprivate var places: [(place: Int, box: Box?)]

    /// What is there, where something is.
    public func each(_ body: (_ place: Int, _ id: ID, _ value: Value) -> Void) {
      for (place, box) in places {
        if let box { box.content.read { body(place, box.id, $0) } }
      }
    }
  }

  /// What is at `places` now.
  public func excerpt(at places: [Int]) -> Excerpt {
    Excerpt(places: places.map { ($0, boxes[$0]) })
  }

  /// Takes over what another table had at some places.
  ///
  /// - Precondition: this table is a copy of the other as it once was, and has taken all excerpts since.
  public mutating func take(_ excerpt: Excerpt) {
    var removed: [(hash: Int, place: Int)] = []
    var added: [(hash: Int, place: Int)] = []
    for (place, box) in excerpt.places {
      while boxes.count <= place { boxes.append(nil) }
      let known = boxes[place]
      boxes[place] = box
      if known?.id == box?.id { continue }
      if let known {
        prefetch(known.id.hash)
        removed.append((known.id.hash, place))
      }
      if let box {
        prefetch(box.id.hash)
        added.append((box.id.hash, place))
      }
    }
    for (hash, place) in removed { removeFromIndex(hash, place) }
    for (hash, place) in added { addToIndex(hash, place) }
    count += added.count - removed.count
  }

  // MARK: Index

  private static func part(_ hash: Int) -> Int { Int(UInt(bitPattern: hash) >> (64 - partBits)) }
  private static func mark(_ hash: Int) -> UInt64 { UInt64(UInt32(truncatingIfNeeded: hash)) }
  private static func place(_ slot: UInt64) -> Int { Int(UInt32(truncatingIfNeeded: slot)) - 1 }

  private mutating func addToIndex(_ hash: Int, _ place: Int) {
    let part = Self.part(hash)
    if partCounts[part] * 3 >= parts[part].count * 2 { grow(part) }
    Self.add(Self.mark(hash) << 32 | UInt64(place + 1), to: &parts[part])
    partCounts[part] += 1
  }

  private mutating func grow(_ part: Int) {
    var grown = [UInt64](repeating: 0, count: parts[part].count * 2)
    for slot in parts[part] where slot != 0 { Self.add(slot, to: &grown) }
    parts[part] = grown
  }

  private static func add(_ entry: UInt64, to slots: inout [UInt64]) {
    let mask = slots.count - 1
    var slot = home(entry, mask)
    while slots[slot] != 0 { slot = (slot + 1) & mask }
    slots[slot] = entry
  }

  /// Where an entry would be if it were alone.
  private static func home(_ entry: UInt64, _ mask: Int) -> Int { Int(entry >> 32) & mask }

  /// Empties a slot and closes the gap, so that what comes behind it is still found.
  private mutating func removeFromIndex(_ hash: Int, _ place: Int) {
    let part = Self.part(hash)
    let mask = parts[part].count - 1
    var slot = hash & mask
    while Self.place(parts[part][slot]) != place {
      precondition(parts[part][slot] != 0, "what is there is in the index")
      slot = (slot + 1) & mask
    }
    var next = (slot + 1) & mask
    while parts[part][next] != 0 {
      // It may move to the gap unless its home lies behind that.
      let home = Self.home(parts[part][next], mask)
      if (next - home) & mask >= (next - slot) & mask {
        parts[part][slot] = parts[part][next]
        slot = next
      }
      next = (next + 1) & mask
    }
    parts[part][slot] = 0
    partCounts[part] -= 1
  }
}
