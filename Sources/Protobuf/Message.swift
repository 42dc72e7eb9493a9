/// A Swift value of a protobuf message, copied from and to the C structure that protobuf-c reads and writes.
public protocol Message: Sendable, Equatable {
  /// Every field unset.
  init()
  static var descriptor: MessageDescriptor { get }
  /// Copies a C structure of `descriptor`'s type. Its strings are UTF-8.
  init(reading raw: UnsafeRawPointer) throws(CodecError)
  /// Fills an initialised C structure of `descriptor`'s type; what it points to lives in the arena.
  func write(to raw: UnsafeMutableRawPointer, in arena: Arena)
}

extension Message {
  /// Reads the protobuf encoding.
  ///
  /// Unknown fields are skipped. Refused are bytes that are not a message of this type, strings that are not UTF-8
  /// or hold a NUL, and what exceeds `limits`.
  @inlinable public init(
    serialized bytes: UnsafeRawBufferPointer, limits: CodecLimits = .standard
  ) throws(CodecError) {
    try WireValidator.check(bytes, as: Self.descriptor, limits: limits)
    let arena = Arena.borrow()
    defer { arena.giveBack() }
    guard let raw = arena.unpack(bytes, as: Self.descriptor) else {
      throw CodecError("is not a \(Self.descriptor.fullName)")
    }
    try self.init(reading: raw)
  }

  @inlinable public init(serialized bytes: [UInt8], limits: CodecLimits = .standard)
    throws(CodecError)
  {
    self = try bytes.span.bytes.withUnsafeBytes { buffer throws(CodecError) -> Self in
      try Self(serialized: buffer, limits: limits)
    }
  }

  /// The protobuf encoding: fields by number, maps by key, so that equal messages have equal bytes.
  ///
  /// - Parameter prefix: how many bytes of zero stand in front of it, for whoever frames it.
  @inlinable public func serialized(prefix: Int = 0) -> [UInt8] {
    // No closure around it: it would copy the message.
    let arena = Arena.borrow()
    defer { arena.giveBack() }
    let raw = arena.structure(Self.descriptor)
    write(to: raw, in: arena)
    return arena.pack(raw, prefix: prefix)
  }
}
