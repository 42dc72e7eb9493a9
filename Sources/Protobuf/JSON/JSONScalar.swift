internal import CProtobufC

/// Numbers between JSON text and the members of C structures.
enum JSONScalar {
  /// - Parameter isQuoted: whether it stood in quotes, where a floating-point number may be a word.
  static func store(
    number text: UnsafeRawBufferPointer, of type: ProtobufCType, isQuoted: Bool = true,
    into slot: UnsafeMutableRawPointer
  ) throws(CodecError) {
    switch type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32,
      PROTOBUF_C_TYPE_ENUM:
      slot.storeBytes(of: try integer(text), as: Int32.self)
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
      slot.storeBytes(of: try integer(text), as: Int64.self)
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32:
      slot.storeBytes(of: try integer(text), as: UInt32.self)
    case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
      slot.storeBytes(of: try integer(text), as: UInt64.self)
    case PROTOBUF_C_TYPE_FLOAT:
      let value = Float(try floating(text, isQuoted))
      if value.isInfinite, !isInfinity(text) { throw CodecError("is too large for a float") }
      slot.storeBytes(of: value, as: Float.self)
    case PROTOBUF_C_TYPE_DOUBLE:
      slot.storeBytes(of: try floating(text, isQuoted), as: Double.self)
    default: preconditionFailure("the field is not a number")
    }
  }

  private static func integer<Integer: FixedWidthInteger>(
    _ text: UnsafeRawBufferPointer
  ) throws(CodecError) -> Integer {
    guard JSONNumber.isWellFormed(text) else { throw CodecError("is not a number") }
    guard let value = JSONNumber.integer(text, as: Integer.self) else {
      throw CodecError("is not a whole number from \(Integer.min) to \(Integer.max)")
    }
    return value
  }

  private static func floating(
    _ text: UnsafeRawBufferPointer, _ isQuoted: Bool
  ) throws(CodecError) -> Double {
    if isQuoted {
      switch String(decoding: text, as: UTF8.self) {
      case "NaN": return .nan
      case "Infinity": return .infinity
      case "-Infinity": return -.infinity
      default: break
      }
    }
    guard JSONNumber.isWellFormed(text) else { throw CodecError("is not a number") }
    guard let value = JSONNumber.double(text) else {
      throw CodecError("is too large for a double")
    }
    return value
  }

  private static func isInfinity(_ text: UnsafeRawBufferPointer) -> Bool {
    text.last == UInt8(ascii: "y")
  }

  /// The largest `Float` in so few digits is more than a `Float` to who reads it as a `Double`.
  static func text(_ value: Float) -> String {
    value.magnitude == .greatestFiniteMagnitude ? shortest(Double(value)) : shortest(value)
  }

  static func text(_ value: Double) -> String { shortest(value) }

  /// JSON of a floating-point number: the shortest text that reads back as the same.
  private static func shortest<Value: BinaryFloatingPoint & LosslessStringConvertible>(
    _ value: Value
  ) -> String {
    if value.isNaN { return "\"NaN\"" }
    if value.isInfinite { return value < 0 ? "\"-Infinity\"" : "\"Infinity\"" }
    let text = value.description
    // -0 keeps its fraction: parsers with integers of their own lose the sign without it.
    return text.hasSuffix(".0") && value != 0 ? String(text.dropLast(2)) : text
  }
}
