internal import CProtobufC
internal import Glibc
internal import Primitives

/// The messages whose JSON is not an object of their fields.
enum KnownType {
  case timestamp, duration, fieldMask, any

  init?(_ descriptor: MessageDescriptor) {
    switch descriptor {
    case Timestamp.descriptor: self = .timestamp
    case Duration.descriptor: self = .duration
    case FieldMask.descriptor: self = .fieldMask
    case AnyMessage.descriptor: self = .any
    default: return nil
    }
  }

  /// What an Any in JSON may hold: the details of errors and the types above, but no other Any.
  static let inAny: [String: any Message.Type] = {
    let types: [any Message.Type] = [
      ErrorInfo.self, BadRequest.self, PreconditionFailure.self, ResourceInfo.self,
      RetryInfo.self, Timestamp.self, Duration.self, FieldMask.self,
    ]
    return Dictionary(uniqueKeysWithValues: types.map { ($0.descriptor.fullName, $0) })
  }()
}

/// The shape of a C structure's field, for who goes through a message by its descriptors.
extension ProtobufCFieldDescriptor {
  /// Bytes that one value takes.
  var valueBytes: Int {
    switch type {
    case PROTOBUF_C_TYPE_BYTES: MemoryLayout<ProtobufCBinaryData>.size
    case PROTOBUF_C_TYPE_STRING, PROTOBUF_C_TYPE_MESSAGE, PROTOBUF_C_TYPE_INT64,
      PROTOBUF_C_TYPE_SINT64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_UINT64,
      PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_DOUBLE:
      8
    default: 4
    }
  }

  /// The entry's descriptor when the field is a map. protobuf-c does not say which lists are maps, so it is told by
  /// the shape that protoc gives entries; the generator refuses messages that look so and are none.
  func mapEntry(in message: MessageDescriptor) -> MessageDescriptor? {
    guard isRepeated, let entry = self.message, entry.fields.count == 2,
      strcmp(entry.fields[0].name, "key") == 0, strcmp(entry.fields[1].name, "value") == 0
    else { return nil }
    var camel = JSONName.lowerCamel(text.utf8)
    if let first = camel.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first {
      camel[0] = first - 32
    }
    let name = "\(message.fullName).\(String(decoding: camel, as: UTF8.self))Entry"
    return entry.fullName == name ? entry : nil
  }
}
