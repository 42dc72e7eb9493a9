internal import CMessages

/// `google.protobuf.FieldMask`: the fields that an update changes, as the .proto file names them.
public struct FieldMask: Message {
  /// `display_name`, `address.city`
  public var paths: [String]

  public init(paths: [String]) {
    self.paths = paths
  }

  public init() {
    self.init(paths: [])
  }

  public static let descriptor: MessageDescriptor = {
    var empty = Google__Protobuf__FieldMask()
    google__protobuf__field_mask__init(&empty)
    return MessageDescriptor(empty.base.descriptor)
  }()

  public init(reading raw: UnsafeRawPointer) throws(CodecError) {
    let source = raw.assumingMemoryBound(to: Google__Protobuf__FieldMask.self)
    paths = Read.strings(source.pointee.paths, source.pointee.n_paths)
  }

  public func write(to raw: UnsafeMutableRawPointer, in arena: Arena) {
    let target = raw.assumingMemoryBound(to: Google__Protobuf__FieldMask.self)
    target.pointee.paths = arena.strings(paths)
    target.pointee.n_paths = paths.count
  }
}
