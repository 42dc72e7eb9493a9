internal import CProtobufC

/// What generated code uses to copy C structures into Swift values. `count` is always the C structure's own.
public enum Read {
  /// `WireValidator` has seen to it that the bytes are UTF-8 without a NUL.
  @inlinable public static func string(_ text: UnsafePointer<CChar>?) -> String {
    guard let text, text.pointee != 0 else { return "" }
    return String(cString: text)
  }

  @inlinable public static func bytes(_ data: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    guard let data, count > 0 else { return [] }
    return Array(UnsafeBufferPointer(start: data, count: count))
  }

  @inlinable public static func strings(
    _ texts: UnsafePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int
  ) -> [String] {
    UnsafeBufferPointer(start: texts, count: count).map { string($0) }
  }

  /// Takes an array of `ProtobufCBinaryData`.
  public static func byteArrays(_ arrays: UnsafeRawPointer?, _ count: Int) -> [[UInt8]] {
    let start = arrays?.assumingMemoryBound(to: ProtobufCBinaryData.self)
    return UnsafeBufferPointer(start: start, count: count).map { bytes($0.data, $0.len) }
  }

  @inlinable public static func scalars<Scalar: BitwiseCopyable>(
    _ values: UnsafePointer<Scalar>?, _ count: Int
  ) -> [Scalar] {
    Array(UnsafeBufferPointer(start: values, count: count))
  }

  @inlinable public static func bools(_ values: UnsafePointer<Int32>?, _ count: Int) -> [Bool] {
    UnsafeBufferPointer(start: values, count: count).map { $0 != 0 }
  }

  /// Takes an array of C enumeration constants, which are the size of an `int`.
  @inlinable public static func enums<Value: MessageEnum>(
    _ values: UnsafeRawPointer?, _ count: Int
  ) -> [Value] {
    let start = values?.assumingMemoryBound(to: Int32.self)
    return UnsafeBufferPointer(start: start, count: count).map { Value(rawValue: $0) }
  }

  @inlinable public static func message<Value: Message>(
    _ structure: UnsafeRawPointer?, _ field: StaticString
  ) throws(CodecError) -> Value? {
    guard let structure else { return nil }
    do throws(CodecError) {
      return try Value(reading: structure)
    } catch {
      throw error.inside("\(field)")
    }
  }

  @inlinable public static func messages<Value: Message, Structure>(
    _ structures: UnsafePointer<UnsafeMutablePointer<Structure>?>?, _ count: Int,
    _ field: StaticString
  ) throws(CodecError) -> [Value] {
    guard let structures, count > 0 else { return [] }
    var values: [Value] = []
    values.reserveCapacity(count)
    for index in 0..<count {
      guard let structure = structures[index] else { continue }
      do throws(CodecError) {
        values.append(try Value(reading: structure))
      } catch {
        throw error.inside(index: index).inside("\(field)")
      }
    }
    return values
  }

  /// The last entry of a key wins, as the protobuf encoding rules say.
  @inlinable public static func map<Key: Hashable, Value, Entry>(
    _ entries: UnsafePointer<UnsafeMutablePointer<Entry>?>?, _ count: Int,
    _ read: (Entry) throws(CodecError) -> (Key, Value)
  ) throws(CodecError) -> [Key: Value] {
    guard let entries, count > 0 else { return [:] }
    var values = [Key: Value](minimumCapacity: count)
    for index in 0..<count {
      guard let entry = entries[index] else { continue }
      let (key, value) = try read(entry.pointee)
      values[key] = value
    }
    return values
  }
}
