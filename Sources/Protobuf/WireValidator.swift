internal import CProtobufC

/// Walks the bytes of a message before protobuf-c does, and refuses what protobuf-c takes but must not pass:
/// strings that are not UTF-8 or hold a NUL (it would cut them there), nesting without end, and one message field twice,
/// which a parser should merge and protobuf-c 1.4.1 loses numbers of. No encoder writes that.
///
/// Source: protobuf.dev/programming-guides/encoding.
@usableFromInline struct WireValidator {
  private let limits: CodecLimits
  private var decodedBytes = 0

  @usableFromInline static func check(
    _ bytes: UnsafeRawBufferPointer, as descriptor: MessageDescriptor, limits: CodecLimits
  ) throws(CodecError) {
    var validator = WireValidator(limits: limits)
    try validator.message(bytes, descriptor, depth: 1)
  }

  private init(limits: CodecLimits) {
    self.limits = limits
  }

  private mutating func message(
    _ bytes: UnsafeRawBufferPointer, _ descriptor: MessageDescriptor, depth: Int
  ) throws(CodecError) {
    guard depth <= limits.maximumDepth else {
      throw CodecError("is nested deeper than \(limits.maximumDepth) messages")
    }
    try count(descriptor.structureBytes)
    var cursor = WireCursor(bytes)
    var messages = FieldNumbers()
    while !cursor.isAtEnd {
      let (number, wire) = try cursor.tag()
      // protobuf-c keeps 40 bytes for each field that it meets.
      try count(40)
      guard
        let field = protobuf_c_message_descriptor_get_field(descriptor.pointer, number)
      else {
        _ = try cursor.skip(wire)
        continue
      }
      do throws(CodecError) {
        if field.pointee.type == PROTOBUF_C_TYPE_MESSAGE, !field.pointee.isRepeated {
          guard messages.insert(number) else { throw CodecError("is there twice") }
        }
        try self.field(field.pointee, wire, &cursor, depth: depth)
      } catch {
        throw error.inside(field.pointee.text)
      }
    }
  }

  private mutating func field(
    _ field: ProtobufCFieldDescriptor, _ wire: WireType, _ cursor: inout WireCursor, depth: Int
  ) throws(CodecError) {
    let expected = WireType(field.type)
    if wire == .delimited, expected != .delimited, field.isRepeated {
      try packed(try cursor.skip(wire), of: expected)
      return
    }
    guard wire == expected else {
      throw CodecError("has wire type \(wire.rawValue) where \(expected.rawValue) belongs")
    }
    let value = try cursor.skip(wire)
    switch field.type {
    case PROTOBUF_C_TYPE_STRING:
      try count(value.count + 1)
      if let problem = UTF8Check.problem(in: value) { throw CodecError(problem) }
    case PROTOBUF_C_TYPE_BYTES:
      try count(value.count)
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let descriptor = field.message else { return }
      try message(value, descriptor, depth: depth + 1)
    default: break
    }
  }

  private mutating func packed(
    _ bytes: UnsafeRawBufferPointer, of wire: WireType
  ) throws(CodecError) {
    var cursor = WireCursor(bytes)
    var elements = 0
    while !cursor.isAtEnd {
      _ = try cursor.skip(wire)
      elements += 1
    }
    try count(elements * 8)
  }

  private mutating func count(_ bytes: Int) throws(CodecError) {
    decodedBytes += bytes
    guard decodedBytes <= limits.maximumDecodedBytes else {
      throw CodecError("decodes to more than \(limits.maximumDecodedBytes) bytes")
    }
  }
}

/// The numbers of fields that were seen; small ones cost no memory.
private struct FieldNumbers {
  private var small: UInt64 = 0
  private var large: Set<UInt32> = []

  /// False when the number was there before.
  mutating func insert(_ number: UInt32) -> Bool {
    guard number < 64 else { return large.insert(number).inserted }
    let bit = UInt64(1) << UInt64(number)
    defer { small |= bit }
    return small & bit == 0
  }
}

enum WireType: UInt8 {
  case varint = 0
  case fixed64 = 1
  case delimited = 2
  case fixed32 = 5

  init(_ type: ProtobufCType) {
    switch type {
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_BYTES, PROTOBUF_C_TYPE_MESSAGE: self = .delimited
    case PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_DOUBLE: self = .fixed64
    case PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FLOAT: self = .fixed32
    default: self = .varint
    }
  }
}

/// A place in some bytes of protobuf encoding.
struct WireCursor {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  var isAtEnd: Bool { offset == bytes.count }

  mutating func tag() throws(CodecError) -> (number: UInt32, wire: WireType) {
    let value = try varint()
    guard value >> 3 >= 1, value >> 3 <= 0x1FFF_FFFF else {
      throw CodecError("has a field number out of 1 to 536870911 at byte \(offset)")
    }
    guard let wire = WireType(rawValue: UInt8(value & 7)) else {
      throw CodecError("has a field of wire type \(value & 7), which is not taken")
    }
    return (UInt32(value >> 3), wire)
  }

  /// Moves past a value and returns its bytes, without the length in front of them.
  mutating func skip(_ wire: WireType) throws(CodecError) -> UnsafeRawBufferPointer {
    let start = offset
    switch wire {
    case .varint:
      _ = try varint()
      return UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
    case .fixed64: return try take(8)
    case .fixed32: return try take(4)
    case .delimited:
      let length = try varint()
      guard length <= UInt64(bytes.count - offset) else {
        throw CodecError(
          "says that \(length) bytes follow where \(bytes.count - offset) are left")
      }
      return try take(Int(length))
    }
  }

  private mutating func take(_ count: Int) throws(CodecError) -> UnsafeRawBufferPointer {
    guard count <= bytes.count - offset else { throw CodecError("ends in the middle of a value") }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  private mutating func varint() throws(CodecError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count {
      let byte = bytes[offset]
      offset += 1
      if shift == 63, byte > 1 { throw CodecError("has a number of more than 64 bits") }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
      if shift > 63 { throw CodecError("has a number of more than 64 bits") }
    }
    throw CodecError("ends in the middle of a number")
  }
}
