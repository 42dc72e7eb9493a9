internal import CMessages
internal import CProtobufC
internal import Glibc

/// Writes C structures as JSON, as their descriptors say.
struct JSONMessageWriter {
  private(set) var bytes: [UInt8] = []
  private let arena: Arena

  init(_ arena: Arena) {
    self.arena = arena
    bytes.reserveCapacity(512)
  }

  mutating func message(_ raw: UnsafeRawPointer, _ descriptor: MessageDescriptor) {
    if let known = KnownType(descriptor) {
      self.known(known, raw)
    } else {
      put("{")
      var isFirst = true
      fields(raw, descriptor, &isFirst)
      put("}")
    }
  }

  private mutating func fields(
    _ raw: UnsafeRawPointer, _ descriptor: MessageDescriptor, _ isFirst: inout Bool
  ) {
    for field in descriptor.fields where isSet(field, raw) {
      if !isFirst { put(",") }
      isFirst = false
      put("\"")
      JSONName.append(field.name, to: &bytes)
      put("\":")
      let slot = raw + Int(field.offset)
      guard field.isRepeated else {
        value(field, slot)
        continue
      }
      let count = (raw + Int(field.quantifier_offset)).load(as: Int.self)
      guard let start = slot.load(as: UnsafeRawPointer?.self) else { continue }
      if let entry = field.mapEntry(in: descriptor) {
        map(entry, start, count)
      } else {
        list(field, start, count)
      }
    }
  }

  private func isSet(_ field: ProtobufCFieldDescriptor, _ raw: UnsafeRawPointer) -> Bool {
    if field.isRepeated { return (raw + Int(field.quantifier_offset)).load(as: Int.self) > 0 }
    if field.isInOneof {
      return (raw + Int(field.quantifier_offset)).load(as: UInt32.self) == field.id
    }
    let slot = raw + Int(field.offset)
    switch field.type {
    case PROTOBUF_C_TYPE_STRING:
      return slot.load(as: UnsafePointer<CChar>?.self).map { $0.pointee != 0 } ?? false
    case PROTOBUF_C_TYPE_BYTES: return slot.load(as: ProtobufCBinaryData.self).len > 0
    case PROTOBUF_C_TYPE_FLOAT: return slot.load(as: Float.self) != 0
    case PROTOBUF_C_TYPE_DOUBLE: return slot.load(as: Double.self) != 0
    default:
      return field.valueBytes == 8
        ? slot.load(as: UInt64.self) != 0 : slot.load(as: UInt32.self) != 0
    }
  }

  private mutating func list(
    _ field: ProtobufCFieldDescriptor, _ start: UnsafeRawPointer, _ count: Int
  ) {
    put("[")
    for index in 0..<count {
      if index > 0 { put(",") }
      value(field, start + index * field.valueBytes)
    }
    put("]")
  }

  private mutating func map(
    _ entry: MessageDescriptor, _ start: UnsafeRawPointer, _ count: Int
  ) {
    put("{")
    let entries = UnsafeBufferPointer(
      start: start.assumingMemoryBound(to: UnsafeRawPointer.self), count: count)
    for (index, raw) in entries.enumerated() {
      if index > 0 { put(",") }
      let key = raw + Int(entry.fields[0].offset)
      let isQuoted = isQuotedAnyway(entry.fields[0].type)
      if !isQuoted { put("\"") }
      value(entry.fields[0], key)
      put(isQuoted ? ":" as StaticString : "\":")
      value(entry.fields[1], raw + Int(entry.fields[1].offset))
    }
    put("}")
  }

  private func isQuotedAnyway(_ type: ProtobufCType) -> Bool {
    switch type {
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64,
      PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
      true
    default: false
    }
  }

  private mutating func value(_ field: ProtobufCFieldDescriptor, _ slot: UnsafeRawPointer) {
    switch field.type {
    case PROTOBUF_C_TYPE_INT32, PROTOBUF_C_TYPE_SINT32, PROTOBUF_C_TYPE_SFIXED32:
      put(String(slot.load(as: Int32.self)))
    case PROTOBUF_C_TYPE_UINT32, PROTOBUF_C_TYPE_FIXED32: put(String(slot.load(as: UInt32.self)))
    case PROTOBUF_C_TYPE_INT64, PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64:
      quoted(String(slot.load(as: Int64.self)))
    case PROTOBUF_C_TYPE_UINT64, PROTOBUF_C_TYPE_FIXED64:
      quoted(String(slot.load(as: UInt64.self)))
    case PROTOBUF_C_TYPE_FLOAT: put(JSONScalar.text(slot.load(as: Float.self)))
    case PROTOBUF_C_TYPE_DOUBLE: put(JSONScalar.text(slot.load(as: Double.self)))
    case PROTOBUF_C_TYPE_BOOL:
      put(slot.load(as: Int32.self) != 0 ? "true" as StaticString : "false")
    case PROTOBUF_C_TYPE_ENUM: enumeration(field, slot.load(as: Int32.self))
    case PROTOBUF_C_TYPE_STRING: string(slot.load(as: UnsafePointer<CChar>?.self))
    case PROTOBUF_C_TYPE_BYTES: base64(slot.load(as: ProtobufCBinaryData.self))
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let descriptor = field.message else { return }
      if let raw = slot.load(as: UnsafeRawPointer?.self) {
        message(raw, descriptor)
      } else {
        message(UnsafeRawPointer(arena.structure(descriptor)), descriptor)
      }
    default: preconditionFailure("protobuf-c has no further types")
    }
  }

  private mutating func enumeration(_ field: ProtobufCFieldDescriptor, _ number: Int32) {
    let descriptor = field.descriptor?.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)
    guard let descriptor, let value = protobuf_c_enum_descriptor_get_value(descriptor, number)
    else {
      put(String(number))
      return
    }
    quoted(String(cString: value.pointee.name))
  }

  private mutating func base64(_ data: ProtobufCBinaryData) {
    put("\"")
    bytes += Base64.encode(UnsafeBufferPointer(start: data.data, count: data.len))
    put("\"")
  }

  private mutating func string(_ text: UnsafePointer<CChar>?) {
    put("\"")
    if let text {
      let length = strlen(text)
      text.withMemoryRebound(to: UInt8.self, capacity: length) { start in
        let source = UnsafeBufferPointer(start: start, count: length)
        // Runs without an escape go over in one piece.
        var rest = source[...]
        while let index = rest.firstIndex(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
          bytes.append(contentsOf: UnsafeBufferPointer(rebasing: rest[..<index]))
          escape(rest[index])
          rest = rest[(index + 1)...]
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: rest))
      }
    }
    put("\"")
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): put("\\\"")
    case UInt8(ascii: "\\"): put("\\\\")
    case 0x0A: put("\\n")
    case 0x0D: put("\\r")
    case 0x09: put("\\t")
    case 0..<0x20: put(("\\u00" as String) + (byte < 16 ? "0" : "") + String(byte, radix: 16))
    default: bytes.append(byte)
    }
  }

  private mutating func put(_ text: StaticString) {
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func put(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func quoted(_ text: String) {
    put("\"")
    put(text)
    put("\"")
  }
}

/// The messages that are not an object of their fields.
extension JSONMessageWriter {
  private mutating func known(_ type: KnownType, _ raw: UnsafeRawPointer) {
    switch type {
    case .timestamp:
      let time = raw.assumingMemoryBound(to: Google__Protobuf__Timestamp.self).pointee
      quoted(TimeText.timestamp(seconds: time.seconds, nanoseconds: time.nanos))
    case .duration:
      let span = raw.assumingMemoryBound(to: Google__Protobuf__Duration.self).pointee
      quoted(TimeText.duration(seconds: span.seconds, nanoseconds: span.nanos))
    case .fieldMask:
      let mask = raw.assumingMemoryBound(to: Google__Protobuf__FieldMask.self).pointee
      put("\"")
      for (index, path) in Read.strings(mask.paths, mask.n_paths).enumerated() {
        if index > 0 { put(",") }
        for byte in JSONName.lowerCamel(path.utf8) { escape(byte) }
      }
      put("\"")
    case .any: any(raw.assumingMemoryBound(to: Google__Protobuf__Any.self).pointee)
    }
  }

  /// A known message as its fields, an unknown one as `value` in base64.
  private mutating func any(_ any: Google__Protobuf__Any) {
    put("{\"@type\":")
    string(any.type_url)
    let bytes = UnsafeRawBufferPointer(start: any.value.data, count: any.value.len)
    let name = String(AnyMessage(typeURL: Read.string(any.type_url)).typeName)
    if let type = KnownType.inAny[name], let inner = unpack(bytes, as: type) {
      let descriptor = type.descriptor
      if KnownType(descriptor) == nil {
        var isFirst = false
        fields(inner, descriptor, &isFirst)
      } else {
        put(",\"value\":")
        message(inner, descriptor)
      }
    } else if !bytes.isEmpty {
      put(",\"value\":")
      base64(ProtobufCBinaryData(len: any.value.len, data: any.value.data))
    }
    put("}")
  }

  /// Nil when the bytes are not a message of the type, or one with a time out of its range.
  private func unpack(
    _ bytes: UnsafeRawBufferPointer, as type: any Message.Type
  ) -> UnsafeRawPointer? {
    do throws(CodecError) {
      try WireValidator.check(bytes, as: type.descriptor, limits: .standard)
      guard let raw = arena.unpack(bytes, as: type.descriptor) else { return nil }
      _ = try type.init(reading: raw)
      return UnsafeRawPointer(raw)
    } catch {
      return nil
    }
  }
}
