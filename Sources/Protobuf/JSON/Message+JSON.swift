internal import CProtobufC

extension Message {
  /// Reads proto3 JSON (protobuf.dev/programming-guides/json).
  ///
  /// Fields may have their JSON or their original name; `null` leaves a field unset. Refused, with the path, are a field
  /// that the message does not have or that is there twice, and numbers that the type cannot hold exactly.
  public init(json bytes: [UInt8], limits: CodecLimits = .standard) throws(CodecError) {
    let result = bytes.withUnsafeBytes { buffer -> Result<Self, CodecError> in
      Result { () throws(CodecError) -> Self in try Self(json: buffer, limits: limits) }
    }
    self = try result.get()
  }

  public init(
    json bytes: UnsafeRawBufferPointer, limits: CodecLimits = .standard
  ) throws(CodecError) {
    self = try Arena.lend { (arena: Arena) throws(CodecError) -> Self in
      let raw = arena.structure(Self.descriptor)
      var reader = JSONMessageReader(JSONScanner(bytes, arena), arena, limits)
      try reader.read(Self.descriptor, into: raw)
      return try Self(reading: raw)
    }
  }

  /// Proto3 JSON in one line: lowerCamelCase names, unset fields left out, 64-bit numbers as text.
  public func json() -> [UInt8] {
    Arena.lend { arena in
      let raw = arena.structure(Self.descriptor)
      write(to: raw, in: arena)
      var writer = JSONMessageWriter(arena)
      writer.message(raw, Self.descriptor)
      return writer.bytes
    }
  }
}
