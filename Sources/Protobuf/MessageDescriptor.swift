internal import CProtobufC

/// What protobuf-c knows of a message type: its name, its fields, the shape of its C structure.
public struct MessageDescriptor: @unchecked Sendable, Equatable {
  // Points to a constant of the generated C code: never written, never freed. That makes it Sendable.
  let pointer: UnsafePointer<ProtobufCMessageDescriptor>

  /// Takes the address of a generated `ProtobufCMessageDescriptor`.
  public init(_ address: UnsafeRawPointer) {
    pointer = address.assumingMemoryBound(to: ProtobufCMessageDescriptor.self)
    precondition(
      pointer.pointee.magic == 0x28AA_EEF9, "the address is not that of a message descriptor")
  }

  /// `onepool.pool.v1.Hold`
  public var fullName: String { String(cString: pointer.pointee.name) }

  /// Bytes of the C structure.
  var structureBytes: Int { pointer.pointee.sizeof_message }

  var fields: UnsafeBufferPointer<ProtobufCFieldDescriptor> {
    UnsafeBufferPointer(start: pointer.pointee.fields, count: Int(pointer.pointee.n_fields))
  }
}

extension ProtobufCFieldDescriptor {
  var text: String { String(cString: name) }
  var isRepeated: Bool { label == PROTOBUF_C_LABEL_REPEATED }
  var isInOneof: Bool { flags & UInt32(PROTOBUF_C_FIELD_FLAG_ONEOF.rawValue) != 0 }

  /// The type of a message field.
  var message: MessageDescriptor? {
    guard type == PROTOBUF_C_TYPE_MESSAGE, let descriptor else { return nil }
    return MessageDescriptor(descriptor)
  }
}
