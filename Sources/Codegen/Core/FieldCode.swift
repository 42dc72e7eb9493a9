/// The Swift of one field: its type, how it is read from the C structure and how it is written there.
struct FieldCode {
  let field: ProtoField
  let types: TypeTable

  /// `source.pointee.` or `entry.` stands in front of the member.
  private var member: String { CNames.field(field.name) }

  private var mapEntry: ProtoMessage? {
    guard field.isRepeated, case .message(let name) = field.kind else { return nil }
    guard let message = types[name].message, message.isMapEntry else { return nil }
    return message
  }

  /// The type of one element.
  var elementType: String {
    switch field.kind {
    case .double: "Double"
    case .float: "Float"
    case .int32: "Int32"
    case .int64: "Int64"
    case .uint32: "UInt32"
    case .uint64: "UInt64"
    case .bool: "Bool"
    case .string: "String"
    case .bytes: "[UInt8]"
    case .enumeration(let name), .message(let name): types[name].swift
    }
  }

  /// The type and the initial value of the property.
  var property: (type: String, initial: String) {
    if let entry = mapEntry {
      let key = FieldCode(field: entry.fields[0], types: types).elementType
      let value = FieldCode(field: entry.fields[1], types: types).elementType
      return ("[\(key): \(value)]", "[:]")
    }
    if field.isRepeated { return ("[\(elementType)]", "[]") }
    if field.oneof != nil { return ("\(elementType)?", "nil") }
    switch field.kind {
    case .double, .float, .int32, .int64, .uint32, .uint64: return (elementType, "0")
    case .bool: return ("Bool", "false")
    case .string: return ("String", "\"\"")
    case .bytes: return ("[UInt8]", "[]")
    case .enumeration: return (elementType, "\(elementType)()")
    case .message: return ("\(elementType)?", "nil")
    }
  }

  /// An expression for the one value of the field; `try` and optional for a message.
  func reading(from base: String = "source.pointee.") -> String {
    let source = base + member
    switch field.kind {
    case .double, .float, .int32, .int64, .uint32, .uint64: return source
    case .bool: return "\(source) != 0"
    case .string: return "Read.string(\(source))"
    case .bytes: return "Read.bytes(\(source).data, \(source).len)"
    case .enumeration:
      return "\(elementType)(rawValue: Int32(truncatingIfNeeded: \(source).rawValue))"
    case .message: return "try Read.message(\(source), \"\(field.name)\")"
    }
  }

  /// An expression for the list or the map.
  func readingAll() -> String {
    let source = "source.pointee.\(member)"
    let count = "source.pointee.n_\(member)"
    if let entry = mapEntry { return readingMap(entry, source, count) }
    switch field.kind {
    case .double, .float, .int32, .int64, .uint32, .uint64:
      return "Read.scalars(\(source), \(count))"
    case .bool: return "Read.bools(\(source), \(count))"
    case .string: return "Read.strings(\(source), \(count))"
    case .bytes: return "Read.byteArrays(\(source), \(count))"
    case .enumeration: return "Read.enums(\(source), \(count))"
    case .message: return "try Read.messages(\(source), \(count), \"\(field.name)\")"
    }
  }

  private func readingMap(_ entry: ProtoMessage, _ source: String, _ count: String) -> String {
    let key = FieldCode(field: entry.fields[0], types: types).reading(from: "entry.")
    let code = FieldCode(field: entry.fields[1], types: types)
    var value = code.reading(from: "entry.")
    if case .message = code.field.kind { value = "\(value) ?? \(code.elementType)()" }
    return "try Read.map(\(source), \(count)) { entry throws(CodecError) in (\(key), \(value)) }"
  }

  /// Statements that write `value`, one value, into the structure.
  func writing(_ value: String, to base: String = "target.pointee.") -> [String] {
    let target = base + member
    switch field.kind {
    case .double, .float, .int32, .int64, .uint32, .uint64: return ["\(target) = \(value)"]
    case .bool: return ["\(target) = \(value) ? 1 : 0"]
    case .string: return ["\(target) = arena.string(\(value))"]
    case .bytes:
      return ["\(target).data = arena.bytes(\(value))", "\(target).len = \(value).count"]
    case .enumeration:
      return ["\(target) = .init(rawValue: .init(truncatingIfNeeded: \(value).rawValue))"]
    case .message: return ["\(target) = arena.message(\(value))"]
    }
  }

  /// Statements that write the list or the map `value` into the structure.
  func writingAll(_ value: String) -> [String] {
    let target = "target.pointee.\(member)"
    let count = "target.pointee.n_\(member) = \(value).count"
    if let entry = mapEntry { return [count] + writingMap(entry, target, value) }
    let function =
      switch field.kind {
      case .double, .float, .int32, .int64, .uint32, .uint64: "scalars"
      case .bool: "bools"
      case .string: "strings"
      case .bytes: "byteArrays"
      case .enumeration: "enums"
      case .message: "messages"
      }
    return [count, "\(target) = arena.\(function)(\(value))"]
  }

  private func writingMap(_ entry: ProtoMessage, _ target: String, _ map: String) -> [String] {
    let key = FieldCode(field: entry.fields[0], types: types)
    let value = FieldCode(field: entry.fields[1], types: types)
    var lines = ["\(target) = arena.map(\(map)) { key, value, entry in"]
    lines.append("  \(CNames.function(entry.fullName))__init(entry)")
    lines += key.writing("key", to: "entry.pointee.").map { "  " + $0 }
    lines += value.writing("value", to: "entry.pointee.").map { "  " + $0 }
    return lines + ["}"]
  }
}
