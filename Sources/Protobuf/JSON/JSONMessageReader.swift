internal import CMessages
internal import CProtobufC

/// Fills C structures from JSON, as their descriptors say.
struct JSONMessageReader {
  private var scanner: JSONScanner
  private let arena: Arena
  private let limits: CodecLimits
  private var decodedBytes = 0

  init(_ scanner: JSONScanner, _ arena: Arena, _ limits: CodecLimits) {
    self.scanner = scanner
    self.arena = arena
    self.limits = limits
  }

  /// Reads the whole text as one message.
  mutating func read(
    _ descriptor: MessageDescriptor, into raw: UnsafeMutableRawPointer
  ) throws(CodecError) {
    try message(descriptor, into: raw, depth: 1)
    try scanner.end()
  }

  private mutating func message(
    _ descriptor: MessageDescriptor, into raw: UnsafeMutableRawPointer, depth: Int
  ) throws(CodecError) {
    guard depth <= limits.maximumDepth else {
      throw CodecError("is nested deeper than \(limits.maximumDepth) messages")
    }
    decodedBytes += descriptor.structureBytes
    guard decodedBytes <= limits.maximumDecodedBytes else {
      throw CodecError("decodes to more than \(limits.maximumDecodedBytes) bytes")
    }
    if let known = KnownType(descriptor) {
      try self.known(known, into: raw, depth: depth)
    } else {
      try object(descriptor, into: raw, depth: depth)
    }
  }

  /// - Parameter skipped: a key that is not a field: `@type` of an Any.
  private mutating func object(
    _ descriptor: MessageDescriptor, into raw: UnsafeMutableRawPointer, depth: Int,
    skipping skipped: StaticString? = nil
  ) throws(CodecError) {
    guard try scanner.kind() == .object else { throw CodecError("is not a JSON object") }
    try scanner.expect("{")
    if scanner.take("}") { return }
    let fields = descriptor.fields
    let seen = arena.allocate(fields.count)
      .initializeMemory(as: Bool.self, repeating: false, count: fields.count)
    repeat {
      let key = try scanner.string()
      try scanner.expect(":")
      if let skipped, key.isText(skipped) {
        _ = try scanner.string()
        continue
      }
      do throws(CodecError) {
        guard let index = fields.firstIndex(where: { JSONName.names(key, $0.name) }) else {
          throw CodecError("is not one of \(descriptor.fullName)")
        }
        guard !seen[index] else { throw CodecError("is there twice") }
        seen[index] = true
        try field(fields[index], of: descriptor, in: raw, depth: depth)
      } catch {
        throw error.inside(key.text)
      }
    } while scanner.take(",")
    try scanner.expect("}")
  }

  private mutating func field(
    _ field: ProtobufCFieldDescriptor, of descriptor: MessageDescriptor,
    in raw: UnsafeMutableRawPointer, depth: Int
  ) throws(CodecError) {
    if try scanner.kind() == .null {
      try scanner.null()
      return
    }
    let slot = raw + Int(field.offset)
    if field.isRepeated {
      let quantifier = (raw + Int(field.quantifier_offset)).assumingMemoryBound(to: Int.self)
      let list =
        if let entry = field.mapEntry(in: descriptor) {
          try map(entry, depth: depth)
        } else {
          try list(field, depth: depth)
        }
      quantifier.pointee = list.count
      slot.storeBytes(of: list.start, as: UnsafeMutableRawPointer?.self)
    } else if field.isInOneof {
      let quantifier = (raw + Int(field.quantifier_offset)).assumingMemoryBound(to: UInt32.self)
      guard quantifier.pointee == 0 else {
        throw CodecError("excludes another field of its oneof that is there")
      }
      try value(field, into: slot, depth: depth)
      quantifier.pointee = field.id
    } else {
      try value(field, into: slot, depth: depth)
    }
  }

  private mutating func list(
    _ field: ProtobufCFieldDescriptor, depth: Int
  ) throws(CodecError) -> (start: UnsafeMutableRawPointer?, count: Int) {
    guard try scanner.kind() == .array else { throw CodecError("is not a JSON array") }
    try scanner.expect("[")
    if scanner.take("]") { return (nil, 0) }
    var list = ArenaList(arena, elementBytes: field.valueBytes)
    repeat {
      do throws(CodecError) {
        guard try scanner.kind() != .null else { throw CodecError("is null") }
        try value(field, into: list.append(), depth: depth)
      } catch {
        throw error.inside(index: list.count - (list.isFilling ? 1 : 0))
      }
      list.isFilling = false
    } while scanner.take(",")
    try scanner.expect("]")
    return (list.start, list.count)
  }

  private mutating func map(
    _ entry: MessageDescriptor, depth: Int
  ) throws(CodecError) -> (start: UnsafeMutableRawPointer?, count: Int) {
    guard try scanner.kind() == .object else { throw CodecError("is not a JSON object") }
    try scanner.expect("{")
    if scanner.take("}") { return (nil, 0) }
    var list = ArenaList(arena, elementBytes: MemoryLayout<UnsafeMutableRawPointer>.size)
    var keys: Set<String> = []
    repeat {
      let key = try scanner.string()
      try scanner.expect(":")
      do throws(CodecError) {
        guard keys.insert(key.text).inserted else { throw CodecError("is there twice") }
        let raw = arena.structure(entry)
        decodedBytes += entry.structureBytes
        try mapKey(entry.fields[0], key, into: raw + Int(entry.fields[0].offset))
        guard try scanner.kind() != .null else { throw CodecError("is null") }
        try value(entry.fields[1], into: raw + Int(entry.fields[1].offset), depth: depth)
        list.append().storeBytes(of: raw, as: UnsafeMutableRawPointer.self)
      } catch {
        throw error.inside("[\"\(key.text)\"]")
      }
    } while scanner.take(",")
    try scanner.expect("}")
    return (list.start, list.count)
  }

  private func mapKey(
    _ field: ProtobufCFieldDescriptor, _ key: UnsafeRawBufferPointer,
    into slot: UnsafeMutableRawPointer
  ) throws(CodecError) {
    switch field.type {
    case PROTOBUF_C_TYPE_STRING:
      slot.storeBytes(of: try text(key), as: UnsafeMutablePointer<CChar>.self)
    case PROTOBUF_C_TYPE_BOOL:
      guard key.isText("true") || key.isText("false") else {
        throw CodecError("is a key that is neither true nor false")
      }
      slot.storeBytes(of: key.isText("true") ? 1 : 0, as: Int32.self)
    default: try JSONScalar.store(number: key, of: field.type, into: slot)
    }
  }

  /// Reads one value, which is not null.
  private mutating func value(
    _ field: ProtobufCFieldDescriptor, into slot: UnsafeMutableRawPointer, depth: Int
  ) throws(CodecError) {
    let kind = try scanner.kind()
    switch field.type {
    case PROTOBUF_C_TYPE_MESSAGE:
      guard let descriptor = field.message else { return }
      let raw = arena.structure(descriptor)
      try message(descriptor, into: raw, depth: depth + 1)
      slot.storeBytes(of: raw, as: UnsafeMutableRawPointer.self)
    case PROTOBUF_C_TYPE_STRING:
      guard kind == .string else { throw CodecError("is not a JSON string") }
      slot.storeBytes(of: try text(try scanner.string()), as: UnsafeMutablePointer<CChar>.self)
    case PROTOBUF_C_TYPE_BYTES:
      guard kind == .string else { throw CodecError("is not a JSON string of base64") }
      guard let bytes = Base64.decode(try scanner.string()) else {
        throw CodecError("is not base64")
      }
      slot.storeBytes(
        of: ProtobufCBinaryData(len: bytes.count, data: arena.bytes(bytes)),
        as: ProtobufCBinaryData.self)
    case PROTOBUF_C_TYPE_BOOL:
      guard kind == .boolean else { throw CodecError("is neither true nor false") }
      slot.storeBytes(of: try scanner.boolean() ? 1 : 0, as: Int32.self)
    case PROTOBUF_C_TYPE_ENUM where kind == .string:
      try enumeration(field, named: try scanner.string(), into: slot)
    default:
      guard kind == .number || kind == .string else { throw CodecError("is not a number") }
      let text = kind == .number ? try scanner.number() : try scanner.string()
      try JSONScalar.store(number: text, of: field.type, isQuoted: kind == .string, into: slot)
    }
  }

  /// A C string of `text`.
  private func text(
    _ text: UnsafeRawBufferPointer
  ) throws(CodecError) -> UnsafeMutablePointer<CChar> {
    guard !text.contains(0) else { throw CodecError("holds a NUL") }
    let target = arena.allocate(text.count + 1)
    if let start = text.baseAddress { target.copyMemory(from: start, byteCount: text.count) }
    target.storeBytes(of: 0, toByteOffset: text.count, as: UInt8.self)
    return target.assumingMemoryBound(to: CChar.self)
  }

  private func enumeration(
    _ field: ProtobufCFieldDescriptor, named name: UnsafeRawBufferPointer,
    into slot: UnsafeMutableRawPointer
  ) throws(CodecError) {
    let descriptor = field.descriptor?.assumingMemoryBound(to: ProtobufCEnumDescriptor.self)
    guard let descriptor,
      let value = protobuf_c_enum_descriptor_get_value_by_name(descriptor, try text(name))
    else { throw CodecError("has no value \"\(name.text)\"") }
    slot.storeBytes(of: value.pointee.value, as: Int32.self)
  }
}

/// The messages that are not an object of their fields.
extension JSONMessageReader {
  private mutating func known(
    _ type: KnownType, into raw: UnsafeMutableRawPointer, depth: Int
  ) throws(CodecError) {
    let kind = try scanner.kind()
    guard type == .any ? kind == .object : kind == .string else {
      throw CodecError(type == .any ? "is not a JSON object" : "is not a JSON string")
    }
    switch type {
    case .any: try any(into: raw, depth: depth)
    case .timestamp:
      guard let (seconds, nanoseconds) = TimeText.timestamp(try scanner.string()) else {
        throw CodecError("is not a time such as 2026-03-01T08:00:00Z")
      }
      let target = raw.assumingMemoryBound(to: Google__Protobuf__Timestamp.self)
      target.pointee.seconds = seconds
      target.pointee.nanos = nanoseconds
    case .duration:
      guard let (seconds, nanoseconds) = TimeText.duration(try scanner.string()) else {
        throw CodecError("is not a span such as 1.500s")
      }
      let target = raw.assumingMemoryBound(to: Google__Protobuf__Duration.self)
      target.pointee.seconds = seconds
      target.pointee.nanos = nanoseconds
    case .fieldMask:
      let text = try scanner.string()
      let paths = text.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: text.isEmpty)
      let target = raw.assumingMemoryBound(to: Google__Protobuf__FieldMask.self)
      var names: [String] = []
      for path in paths {
        guard !path.isEmpty, let name = JSONName.snake(path) else {
          throw CodecError("has a path that is not lowerCamelCase")
        }
        names.append(String(decoding: name, as: UTF8.self))
      }
      target.pointee.paths = arena.strings(names)
      target.pointee.n_paths = names.count
    }
  }

  /// An object with `@type`: the fields of a known message, or `value` with the bytes of an unknown one in base64.
  private mutating func any(
    into raw: UnsafeMutableRawPointer, depth: Int
  ) throws(CodecError) {
    let url = try typeURL(depth: depth)
    let target = raw.assumingMemoryBound(to: Google__Protobuf__Any.self)
    target.pointee.type_url = arena.string(url)
    let name = AnyMessage(typeURL: url).typeName
    guard let descriptor = KnownType.inAny[String(name)]?.descriptor else {
      return try unknown(String(name), into: raw)
    }
    let inner = arena.structure(descriptor)
    if KnownType(descriptor) == nil {
      try object(descriptor, into: inner, depth: depth + 1, skipping: "@type")
    } else {
      try anyValue { (reader) throws(CodecError) in
        try reader.message(descriptor, into: inner, depth: depth + 1)
      }
    }
    let message = UnsafePointer(inner.assumingMemoryBound(to: ProtobufCMessage.self))
    let size = protobuf_c_message_get_packed_size(message)
    let bytes = arena.allocate(size).assumingMemoryBound(to: UInt8.self)
    target.pointee.value = .init(len: protobuf_c_message_pack(message, bytes), data: bytes)
  }

  private mutating func unknown(
    _ name: String, into raw: UnsafeMutableRawPointer
  ) throws(CodecError) {
    let target = raw.assumingMemoryBound(to: Google__Protobuf__Any.self)
    let arena = arena
    try anyValue { (reader) throws(CodecError) in
      guard try reader.scanner.kind() == .string,
        let bytes = Base64.decode(try reader.scanner.string())
      else { throw CodecError("is not the base64 of a \(name)") }
      target.pointee.value = .init(len: bytes.count, data: arena.bytes(bytes))
    }
  }

  /// Reads `{"@type": …, "value": …}`.
  private mutating func anyValue(
    _ read: (inout JSONMessageReader) throws(CodecError) -> Void
  ) throws(CodecError) {
    try scanner.expect("{")
    repeat {
      let key = try scanner.string()
      try scanner.expect(":")
      if key.isText("@type") {
        _ = try scanner.string()
      } else if key.isText("value") {
        do throws(CodecError) { try read(&self) } catch { throw error.inside("value") }
      } else {
        throw CodecError(path: key.text, "belongs to no message that an Any here may hold")
      }
    } while scanner.take(",")
    try scanner.expect("}")
  }

  /// Looks ahead for `@type`, which may stand anywhere in the object.
  private func typeURL(depth: Int) throws(CodecError) -> String {
    var ahead = scanner
    try ahead.expect("{")
    if ahead.take("}") { throw CodecError("has no @type") }
    var url: String?
    repeat {
      let key = try ahead.string()
      try ahead.expect(":")
      if key.isText("@type") {
        guard url == nil, try ahead.kind() == .string else {
          throw CodecError(path: "@type", url == nil ? "is not a JSON string" : "is there twice")
        }
        url = try ahead.string().text
      } else {
        try ahead.skip(depth: limits.maximumDepth - depth)
      }
    } while ahead.take(",")
    guard let url else { throw CodecError("has no @type") }
    return url
  }
}

/// A growing array in an arena.
private struct ArenaList {
  private let arena: Arena
  private let elementBytes: Int
  private var capacity = 0
  private(set) var start: UnsafeMutableRawPointer?
  private(set) var count = 0
  /// Whether the last element is being read.
  var isFilling = false

  init(_ arena: Arena, elementBytes: Int) {
    self.arena = arena
    self.elementBytes = elementBytes
  }

  /// Room for one more element.
  mutating func append() -> UnsafeMutableRawPointer {
    if count == capacity {
      capacity = max(8, capacity * 2)
      let larger = arena.allocate(capacity * elementBytes)
      if let start { larger.copyMemory(from: start, byteCount: count * elementBytes) }
      start = larger
    }
    defer { count += 1 }
    isFilling = true
    return start! + count * elementBytes
  }
}

extension UnsafeRawBufferPointer {
  fileprivate var text: String { String(decoding: self, as: UTF8.self) }

  fileprivate func isText(_ text: StaticString) -> Bool {
    elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }
}
