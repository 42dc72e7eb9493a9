/// A .proto file as gRPC reflection hands it out.
public struct FileDescriptor: Sendable {
  /// As imports name it: `onepool/pool/v1/stock.proto`.
  public let name: String
  /// What it imports, in its order.
  public let dependencies: [FileDescriptor]
  /// The full names of the messages, enumerations and services in it, nested ones too.
  public let symbols: [String]
  private let base64: String

  /// - Parameter base64: a serialised `google.protobuf.FileDescriptorProto`.
  public init(name: String, dependencies: [FileDescriptor], symbols: [String], base64: String) {
    self.name = name
    self.dependencies = dependencies
    self.symbols = symbols
    self.base64 = base64
  }

  /// The serialised `google.protobuf.FileDescriptorProto`, decoded at each call.
  public var serialized: [UInt8] {
    guard let bytes = Base64.decode(base64.utf8) else {
      preconditionFailure("generated base64 is well formed")
    }
    return bytes
  }
}
