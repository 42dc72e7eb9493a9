internal import CMessages

/// `google.protobuf.Any`: the bytes of a message with the URL of its type.
public struct AnyMessage: Message {
  /// `type.googleapis.com/google.rpc.ErrorInfo`
  public var typeURL: String
  public var value: [UInt8]

  public init(typeURL: String = "", value: [UInt8] = []) {
    self.typeURL = typeURL
    self.value = value
  }

  public init() {
    self.init(typeURL: "", value: [])
  }

  /// Encodes `message`.
  public init(_ message: some Message) {
    typeURL = "type.googleapis.com/" + type(of: message).descriptor.fullName
    value = message.serialized()
  }

  /// The full name at the end of the URL.
  public var typeName: Substring {
    guard let slash = typeURL.lastIndex(of: "/") else { return typeURL[...] }
    return typeURL[typeURL.index(after: slash)...]
  }

  /// The message in it when it is of this type.
  public func unpacked<Value: Message>(as type: Value.Type) throws(CodecError) -> Value? {
    guard typeName == type.descriptor.fullName else { return nil }
    return try Value(serialized: value)
  }

  public static let descriptor: MessageDescriptor = {
    var empty = Google__Protobuf__Any()
    google__protobuf__any__init(&empty)
    return MessageDescriptor(empty.base.descriptor)
  }()

  public init(reading raw: UnsafeRawPointer) throws(CodecError) {
    let source = raw.assumingMemoryBound(to: Google__Protobuf__Any.self)
    typeURL = Read.string(source.pointee.type_url)
    value = Read.bytes(source.pointee.value.data, source.pointee.value.len)
  }

  public func write(to raw: UnsafeMutableRawPointer, in arena: Arena) {
    let target = raw.assumingMemoryBound(to: Google__Protobuf__Any.self)
    target.pointee.type_url = arena.string(typeURL)
    target.pointee.value.data = arena.bytes(value)
    target.pointee.value.len = value.count
  }
}
