internal import CDescriptors
internal import CProtobufC
internal import Protobuf

/// Copies one `FileDescriptorProto` into a `ProtoFile`, and refuses what the generator does not take.
struct DescriptorReader {
  /// Names that no field can have: a member that protoc-c adds, and words that Swift reads as its own even quoted.
  private static let reserved = ["base": "protobuf-c", "self": "Swift", "init": "Swift"]

  private let file: String
  private let comments: Comments

  static func read(
    _ pointer: UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>
  ) throws(GeneratorError) -> ProtoFile {
    let source = pointer.pointee
    let name = Read.string(source.name)
    guard Read.string(source.syntax) == "proto3" else {
      throw GeneratorError(name, "is not proto3")
    }
    let reader = DescriptorReader(file: name, comments: Comments(source.source_code_info))
    let package = Read.string(source.package)
    let prefix = package.isEmpty ? "" : ".\(package)"
    var file = ProtoFile(
      name: name, dependencies: Read.strings(source.dependency, source.n_dependency),
      serialized: serialized(pointer))
    for (index, message) in pointers(source.message_type, source.n_message_type) {
      file.messages.append(try reader.message(message, in: prefix, at: [4, Int32(index)]))
    }
    for (index, enumeration) in pointers(source.enum_type, source.n_enum_type) {
      file.enums.append(reader.enumeration(enumeration, in: prefix, at: [5, Int32(index)]))
    }
    for (index, service) in pointers(source.service, source.n_service) {
      file.services.append(reader.service(service, package, at: [6, Int32(index)]))
    }
    return file
  }

  /// What reflection hands out: everything but the comments and positions.
  private static func serialized(
    _ pointer: UnsafeMutablePointer<Google__Protobuf__FileDescriptorProto>
  ) -> [UInt8] {
    let info = pointer.pointee.source_code_info
    pointer.pointee.source_code_info = nil
    defer { pointer.pointee.source_code_info = info }
    let size = google__protobuf__file_descriptor_proto__get_packed_size(pointer)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = google__protobuf__file_descriptor_proto__pack(pointer, buffer.baseAddress)
    }
  }

  private func message(
    _ pointer: UnsafeMutablePointer<Google__Protobuf__DescriptorProto>, in prefix: String,
    at path: [Int32]
  ) throws(GeneratorError) -> ProtoMessage {
    let source = pointer.pointee
    let name = Read.string(source.name)
    let fullName = "\(prefix).\(name)"
    var message = ProtoMessage(
      name: name, fullName: fullName, comment: comments[path], fields: [], oneofs: [],
      messages: [], enums: [], isMapEntry: (source.options?.pointee.map_entry ?? 0) != 0)
    guard source.n_extension == 0, source.n_extension_range == 0 else {
      throw GeneratorError(file, "\(fullName) has extensions, which are not taken")
    }
    for (index, field) in Self.pointers(source.field, source.n_field) {
      message.fields.append(try self.field(field.pointee, fullName, path + [2, Int32(index)]))
    }
    for (index, oneof) in Self.pointers(source.oneof_decl, source.n_oneof_decl) {
      message.oneofs.append(
        ProtoOneof(
          name: Read.string(oneof.pointee.name), comment: comments[path + [8, Int32(index)]]))
    }
    for (index, nested) in Self.pointers(source.nested_type, source.n_nested_type) {
      message.messages.append(try self.message(nested, in: fullName, at: path + [3, Int32(index)]))
    }
    for (index, nested) in Self.pointers(source.enum_type, source.n_enum_type) {
      message.enums.append(enumeration(nested, in: fullName, at: path + [4, Int32(index)]))
    }
    return message
  }

  private func field(
    _ source: Google__Protobuf__FieldDescriptorProto, _ message: String, _ path: [Int32]
  ) throws(GeneratorError) -> ProtoField {
    let name = Read.string(source.name)
    guard source.proto3_optional == 0 else {
      throw GeneratorError(
        file, "\(message).\(name) is `optional`, which protoc-c refuses: use a oneof of one member")
    }
    if let owner = Self.reserved[name.lowercased()] {
      throw GeneratorError(file, "\(message).\(name) has a name that \(owner) keeps for itself")
    }
    let json = Read.string(source.json_name)
    guard json.isEmpty || json == Names.json(name) else {
      throw GeneratorError(
        file, "\(message).\(name) sets json_name, which protobuf-c's descriptors do not keep")
    }
    return ProtoField(
      name: name, number: source.number,
      kind: try kind(source, "\(message).\(name)"),
      isRepeated: source.label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED,
      oneof: source.has_oneof_index == 0 ? nil : Int(source.oneof_index), comment: comments[path])
  }

  private func kind(
    _ source: Google__Protobuf__FieldDescriptorProto, _ name: String
  ) throws(GeneratorError) -> ProtoField.Kind {
    switch source.type {
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE: .double
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT: .float
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT64,
      GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT64,
      GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED64:
      .int64
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT64,
      GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED64:
      .uint64
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32,
      GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SINT32,
      GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_SFIXED32:
      .int32
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_UINT32,
      GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FIXED32:
      .uint32
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BOOL: .bool
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING: .string
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_BYTES: .bytes
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_ENUM:
      .enumeration(Read.string(source.type_name))
    case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE:
      .message(Read.string(source.type_name))
    default: throw GeneratorError(file, "\(name) is of a type that is not taken")
    }
  }

  private func enumeration(
    _ pointer: UnsafeMutablePointer<Google__Protobuf__EnumDescriptorProto>, in prefix: String,
    at path: [Int32]
  ) -> ProtoEnum {
    let source = pointer.pointee
    let name = Read.string(source.name)
    let values = Self.pointers(source.value, source.n_value).map { index, value in
      ProtoEnum.Value(
        name: Read.string(value.pointee.name), number: value.pointee.number,
        comment: comments[path + [2, Int32(index)]])
    }
    return ProtoEnum(
      name: name, fullName: "\(prefix).\(name)", comment: comments[path], values: values)
  }

  private func service(
    _ pointer: UnsafeMutablePointer<Google__Protobuf__ServiceDescriptorProto>, _ package: String,
    at path: [Int32]
  ) -> ProtoService {
    let source = pointer.pointee
    let name = Read.string(source.name)
    let methods = Self.pointers(source.method, source.n_method).map { index, method in
      self.method(method.pointee, comments[path + [2, Int32(index)]])
    }
    return ProtoService(
      name: name, fullName: package.isEmpty ? name : "\(package).\(name)", comment: comments[path],
      methods: methods)
  }

  private func method(
    _ source: Google__Protobuf__MethodDescriptorProto, _ comment: String
  ) -> ProtoService.Method {
    let kind: ProtoService.Method.Kind =
      switch (source.client_streaming != 0, source.server_streaming != 0) {
      case (false, false): .unary
      case (true, false): .clientStreaming
      case (false, true): .serverStreaming
      case (true, true): .bidirectional
      }
    let idempotency: ProtoService.Method.Idempotency =
      switch source.options?.pointee.idempotency_level {
      case GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__NO_SIDE_EFFECTS: .noSideEffects
      case GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__IDEMPOTENT: .idempotent
      default: .unknown
      }
    return ProtoService.Method(
      name: Read.string(source.name), comment: comment, request: Read.string(source.input_type),
      response: Read.string(source.output_type), kind: kind, idempotency: idempotency)
  }

  static func pointers<Structure>(
    _ start: UnsafeMutablePointer<UnsafeMutablePointer<Structure>?>?, _ count: Int
  ) -> [(Int, UnsafeMutablePointer<Structure>)] {
    Array(UnsafeBufferPointer(start: start, count: count).compactMap { $0 }.enumerated())
      .map { ($0.offset, $0.element) }
  }
}

/// The comments in front of what a file declares, by protoc's path to it.
struct Comments {
  private var texts: [[Int32]: String] = [:]

  init(_ info: UnsafeMutablePointer<Google__Protobuf__SourceCodeInfo>?) {
    guard let info = info?.pointee else { return }
    for (_, pointer) in DescriptorReader.pointers(info.location, info.n_location) {
      let location = pointer.pointee
      let leading = Read.string(location.leading_comments)
      let text = leading.isEmpty ? Read.string(location.trailing_comments) : leading
      if !text.isEmpty { texts[Read.scalars(location.path, location.n_path)] = text }
    }
  }

  /// The comment, empty where there is none.
  subscript(path: [Int32]) -> String { texts[path] ?? "" }
}
