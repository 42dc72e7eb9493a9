internal import CProtobufC
internal import Glibc

/// What generated code uses to fill C structures. Every pointer lives as long as the arena's content.
extension Arena {
  /// A C string. A NUL, which C would take for the end, becomes U+FFFD.
  public func string(_ text: String) -> UnsafeMutablePointer<CChar> {
    guard !text.isEmpty else { return Self.emptyString }
    var copy = text
    let target = copy.withUTF8 { source -> UnsafeMutablePointer<CChar>? in
      if let start = source.baseAddress, memchr(start, 0, source.count) != nil { return nil }
      let target = allocate(source.count + 1)
      if let start = source.baseAddress { target.copyMemory(from: start, byteCount: source.count) }
      target.storeBytes(of: 0, toByteOffset: source.count, as: UInt8.self)
      return target.assumingMemoryBound(to: CChar.self)
    }
    return target ?? string(text.replacingNUL())
  }

  /// What every empty string points to; nobody writes there.
  nonisolated(unsafe) private static let emptyString: UnsafeMutablePointer<CChar> = {
    let end = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    end.initialize(to: 0)
    return end
  }()

  public func bytes(_ bytes: [UInt8]) -> UnsafeMutablePointer<UInt8>? {
    guard !bytes.isEmpty else { return nil }
    let target = allocate(bytes.count)
    bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    return target.assumingMemoryBound(to: UInt8.self)
  }

  public func strings(
    _ values: [String]
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
    array(values) { string($0) }
  }

  /// An array of `ProtobufCBinaryData`, of whatever module the caller knows it from.
  public func byteArrays<Binary>(_ values: [[UInt8]]) -> UnsafeMutablePointer<Binary>? {
    let array = array(values) { ProtobufCBinaryData(len: $0.count, data: bytes($0)) }
    return UnsafeMutableRawPointer(array)?.assumingMemoryBound(to: Binary.self)
  }

  @inlinable public func scalars<Scalar: BitwiseCopyable>(
    _ values: [Scalar]
  ) -> UnsafeMutablePointer<Scalar>? {
    array(values) { $0 }
  }

  @inlinable public func bools(_ values: [Bool]) -> UnsafeMutablePointer<Int32>? {
    array(values) { $0 ? 1 : 0 }
  }

  @inlinable public func enums<Value: MessageEnum, Constant>(
    _ values: [Value]
  ) -> UnsafeMutablePointer<Constant>? {
    let array = array(values) { $0.rawValue }
    return UnsafeMutableRawPointer(array)?.assumingMemoryBound(to: Constant.self)
  }

  @inlinable public func message<Value: Message, Structure>(
    _ value: Value?
  ) -> UnsafeMutablePointer<Structure>? {
    guard let value else { return nil }
    let raw = structure(Value.descriptor)
    value.write(to: raw, in: self)
    return raw.assumingMemoryBound(to: Structure.self)
  }

  @inlinable public func messages<Value: Message, Structure>(
    _ values: [Value]
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Structure>?>? {
    array(values) { message($0) }
  }

  /// A map's entries in the order of their keys, so that equal maps have equal bytes.
  @inlinable public func map<Key: Comparable, Value, Entry>(
    _ values: [Key: Value], _ fill: (Key, Value, UnsafeMutablePointer<Entry>) -> Void
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>? {
    entries(values.sorted { $0.key < $1.key }, fill)
  }

  /// A map with keys of text: in the order of their UTF-8, as other protobuf libraries have it.
  @inlinable public func map<Value, Entry>(
    _ values: [String: Value], _ fill: (String, Value, UnsafeMutablePointer<Entry>) -> Void
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>? {
    entries(values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }, fill)
  }

  /// A map with keys of type `Bool`, which has no order of its own: false goes first.
  @inlinable public func map<Value, Entry>(
    _ values: [Bool: Value], _ fill: (Bool, Value, UnsafeMutablePointer<Entry>) -> Void
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>? {
    entries(values.sorted { !$0.key && $1.key }, fill)
  }

  @inlinable func entries<Key, Value, Entry>(
    _ pairs: [(key: Key, value: Value)], _ fill: (Key, Value, UnsafeMutablePointer<Entry>) -> Void
  ) -> UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>? {
    array(pairs) { pair in
      let entry = allocate(MemoryLayout<Entry>.size).bindMemory(to: Entry.self, capacity: 1)
      fill(pair.key, pair.value, entry)
      return entry
    }
  }

  @inlinable func array<Value, Element>(
    _ values: [Value], _ make: (Value) -> Element
  ) -> UnsafeMutablePointer<Element>? {
    guard !values.isEmpty else { return nil }
    let target = allocate(values.count * MemoryLayout<Element>.stride)
      .bindMemory(to: Element.self, capacity: values.count)
    var next = target
    for value in values {
      next.initialize(to: make(value))
      next += 1
    }
    return target
  }
}

extension String {
  fileprivate func replacingNUL() -> String {
    String(String.UnicodeScalarView(unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
  }
}
