/// Refuses what could be read but not used safely: messages in themselves, and lists that look like maps.
enum Shape {
  static func check(_ file: ProtoFile, _ types: TypeTable) throws(GeneratorError) {
    for message in file.messages { try check(message, file, types) }
  }

  private static func check(
    _ message: ProtoMessage, _ file: ProtoFile, _ types: TypeTable
  ) throws(GeneratorError) {
    var path: [String] = []
    try walk(message, &path, file, types)
    for field in message.fields where field.isRepeated {
      guard case .message(let name) = field.kind, let entry = types[name].message else { continue }
      // The JSON codec knows a map by this shape, since protobuf-c does not say which lists are maps.
      let looksLikeMap =
        name == "\(message.fullName).\(Names.upperFirst(Names.json(field.name)))Entry"
        && entry.fields.map(\.name) == ["key", "value"]
      guard entry.isMapEntry || !looksLikeMap else {
        throw GeneratorError(file.name, "\(name) is a message that looks like a map's entry")
      }
    }
    for nested in message.messages where !nested.isMapEntry { try check(nested, file, types) }
  }

  private static func walk(
    _ message: ProtoMessage, _ path: inout [String], _ file: ProtoFile, _ types: TypeTable
  ) throws(GeneratorError) {
    guard !path.contains(message.fullName) else {
      let circle = (path + [message.fullName]).map { String($0.dropFirst()) }
      throw GeneratorError(
        file.name, "\(circle.joined(separator: " holds ")): messages in themselves are not taken")
    }
    path.append(message.fullName)
    for field in message.fields {
      guard case .message(let name) = field.kind, let inner = types[name].message else { continue }
      try walk(inner, &path, file, types)
    }
    path.removeLast()
  }
}
