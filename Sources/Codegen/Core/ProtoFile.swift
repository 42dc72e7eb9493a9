/// One .proto file, as protoc describes it.
struct ProtoFile {
  /// `onepool/pool/v1/stock.proto`
  var name: String
  var dependencies: [String]
  var messages: [ProtoMessage] = []
  var enums: [ProtoEnum] = []
  var services: [ProtoService] = []
  /// The `FileDescriptorProto` without its comments and positions.
  var serialized: [UInt8]

  /// The folder that it is in: `onepool/pool/v1`.
  var folder: String {
    name.split(separator: "/").dropLast().joined(separator: "/")
  }

  /// `stock`
  var baseName: String {
    let last = name.split(separator: "/").last.map(String.init) ?? name
    return last.hasSuffix(".proto") ? String(last.dropLast(6)) : last
  }
}

struct ProtoMessage {
  var name: String
  /// `.onepool.pool.v1.Hold`
  var fullName: String
  var comment: String
  var fields: [ProtoField]
  var oneofs: [ProtoOneof]
  var messages: [ProtoMessage]
  var enums: [ProtoEnum]
  var isMapEntry: Bool

  func members(ofOneof index: Int) -> [ProtoField] {
    fields.filter { $0.oneof == index }
  }
}

struct ProtoField {
  enum Kind: Equatable {
    case double, float, int32, int64, uint32, uint64, bool, string, bytes
    /// Full name of the enumeration.
    case enumeration(String)
    /// Full name of the message.
    case message(String)
  }

  var name: String
  var number: Int32
  var kind: Kind
  var isRepeated: Bool
  /// Index of the oneof that it is a member of.
  var oneof: Int?
  var comment: String
}

struct ProtoOneof {
  var name: String
  var comment: String
}

struct ProtoEnum {
  struct Value {
    var name: String
    var number: Int32
    var comment: String
  }

  var name: String
  var fullName: String
  var comment: String
  var values: [Value]
}

struct ProtoService {
  struct Method {
    enum Kind: String { case unary, clientStreaming, serverStreaming, bidirectional }
    enum Idempotency: String { case unknown, noSideEffects, idempotent }

    var name: String
    var comment: String
    /// Full names of messages.
    var request: String
    var response: String
    var kind: Kind
    var idempotency: Idempotency
  }

  var name: String
  /// `onepool.pool.v1.PoolService`
  var fullName: String
  var comment: String
  var methods: [Method]
}
