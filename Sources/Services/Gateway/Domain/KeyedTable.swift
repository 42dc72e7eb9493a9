/// Something that holds the key it is found by.
public protocol Keyed: AnyObject {
  associatedtype Key: Hashable
  var key: Key { get }
}

/// Many objects by the keys that they hold themselves: a third of the room of a dictionary, since no key is kept beside its object
/// and few places are empty. Nothing is ever taken out.
public struct KeyedTable<Value: Keyed> {
  private var places: [Value?] = []
  /// Seven bits of the hash of who is at the place, so that hardly any other object is looked at; 0 for nobody.
  private var tags: [UInt8] = []
  public private(set) var count = 0

  public init() {}

  public subscript(key: Value.Key) -> Value? {
    places.isEmpty ? nil : places[place(of: key, key.hashValue)]
  }

  /// All of them, in no order.
  public var values: some Sequence<Value> { places.lazy.compactMap { $0 } }

  /// Puts an object in, instead of the one that has the same key.
  public mutating func insert(_ value: Value) {
    if (count + 1) * 8 > places.count * 7 { grow() }
    let hash = value.key.hashValue
    let place = place(of: value.key, hash)
    if places[place] == nil { count += 1 }
    places[place] = value
    tags[place] = Self.tag(hash)
  }

  /// Where the key's object is, or would be.
  private func place(of key: Value.Key, _ hash: Int) -> Int {
    let mask = places.count - 1
    let tag = Self.tag(hash)
    var place = hash & mask
    while tags[place] != 0 {
      if tags[place] == tag, places[place]?.key == key { return place }
      place = (place + 1) & mask
    }
    return place
  }

  /// From the other end of the hash than the place.
  private static func tag(_ hash: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: UInt(bitPattern: hash) >> 57) | 0x80
  }

  private mutating func grow() {
    let old = places
    let size = max(16, old.count * 2)
    places = Array(repeating: nil, count: size)
    tags = Array(repeating: 0, count: size)
    for case let value? in old {
      let hash = value.key.hashValue
      let place = place(of: value.key, hash)
      places[place] = value
      tags[place] = Self.tag(hash)
    }
  }
}
