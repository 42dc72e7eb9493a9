/// What every message and enumeration of a request is called in Swift and in C.
struct TypeTable {
  struct Entry {
    /// `Hold.State`
    var swift: String
    /// Who declares it: `PoolAPI`.
    var module: String
    /// Set for a message.
    var message: ProtoMessage?
  }

  /// The types that are written by hand, with the module to import for them.
  private static let native = [
    ".google.protobuf.Timestamp": ("Primitives.Timestamp", "Primitives"),
    ".google.protobuf.Duration": ("Swift.Duration", "Protobuf"),
    ".google.protobuf.Any": ("AnyMessage", "Protobuf"),
    ".google.protobuf.FieldMask": ("FieldMask", "Protobuf"),
  ]

  private var entries: [String: Entry] = [:]
  /// The simple names of all types, which a nested type must not hide.
  private(set) var simpleNames: Set<String> = []

  mutating func add(_ file: ProtoFile, _ placement: Placement) {
    let prefix = placement.typePrefix
    for enumeration in file.enums {
      enter(enumeration.fullName, [prefix + enumeration.name], placement, nil)
    }
    for message in file.messages { add(message, [prefix + message.name], placement) }
  }

  private mutating func add(_ message: ProtoMessage, _ path: [String], _ placement: Placement) {
    enter(message.fullName, path, placement, message)
    for enumeration in message.enums {
      enter(enumeration.fullName, path + [enumeration.name], placement, nil)
    }
    for nested in message.messages { add(nested, path + [nested.name], placement) }
  }

  private mutating func enter(
    _ fullName: String, _ path: [String], _ placement: Placement, _ message: ProtoMessage?
  ) {
    let (swift, module) =
      Self.native[fullName] ?? (path.joined(separator: "."), placement.module)
    entries[fullName] = Entry(swift: swift, module: module, message: message)
    if path.count == 1 { simpleNames.insert(path[0]) }
  }

  subscript(fullName: String) -> Entry {
    guard let entry = entries[fullName] else {
      preconditionFailure("protoc resolves every type name; \(fullName) is not among them")
    }
    return entry
  }

  static func isNative(_ fullName: String) -> Bool { native[fullName] != nil }
}
