/// The Swift of one message: a value type, and its way from and to the C structure.
struct MessageCode {
  let message: ProtoMessage
  let types: TypeTable

  /// What the value has: a field, or a oneof of several.
  private enum Property {
    case field(FieldCode)
    case choice(ProtoOneof, index: Int, members: [FieldCode])
  }

  /// In the order of the file; a oneof stands where its first member does.
  private var properties: [Property] {
    var properties: [Property] = []
    var seen: Set<Int> = []
    for field in message.fields {
      let code = FieldCode(field: field, types: types)
      guard let index = field.oneof, message.members(ofOneof: index).count > 1 else {
        properties.append(.field(code))
        continue
      }
      guard seen.insert(index).inserted else { continue }
      let members = message.members(ofOneof: index).map { FieldCode(field: $0, types: types) }
      properties.append(.choice(message.oneofs[index], index: index, members: members))
    }
    return properties
  }

  /// The enumeration of a oneof; named so that it hides no type that its cases may hold.
  private func choiceType(_ oneof: ProtoOneof) -> String {
    let name = Names.type(oneof.name)
    let nested = message.messages.map(\.name) + message.enums.map(\.name)
    return types.simpleNames.contains(name) || nested.contains(name) ? "\(name)Choice" : name
  }

  private func declaration(_ property: Property) -> (name: String, type: String, initial: String) {
    switch property {
    case .field(let code):
      (Names.property(code.field.name), code.property.type, code.property.initial)
    case .choice(let oneof, _, _): (Names.property(oneof.name), choiceType(oneof) + "?", "nil")
    }
  }

  /// The struct with everything nested in it.
  func emitType(into text: inout SwiftText) {
    let name = types[message.fullName].swift.split(separator: ".").last.map(String.init) ?? ""
    text.comment(message.comment)
    text.block("public struct \(Names.quoted(name)): Message") { text in
      for property in properties {
        switch property {
        case .field(let code):
          if let index = code.field.oneof { text.comment(message.oneofs[index].comment) }
          text.comment(code.field.comment)
        case .choice(let oneof, _, _): text.comment(oneof.comment)
        }
        let (name, type, initial) = declaration(property)
        text.line("public var \(name): \(type) = \(initial)")
      }
      for case .choice(let oneof, _, let members) in properties {
        text.line()
        emitChoice(oneof, members, into: &text)
      }
      for enumeration in message.enums {
        text.line()
        EnumCode(enumeration: enumeration, name: enumeration.name).emit(into: &text)
      }
      for nested in message.messages where !nested.isMapEntry {
        text.line()
        MessageCode(message: nested, types: types).emitType(into: &text)
      }
      emitInitializers(into: &text)
    }
  }

  private func emitChoice(
    _ oneof: ProtoOneof, _ members: [FieldCode], into text: inout SwiftText
  ) {
    text.comment(oneof.comment)
    text.block("public enum \(choiceType(oneof)): Equatable, Sendable") { text in
      for member in members {
        text.comment(member.field.comment)
        text.line("case \(Names.property(member.field.name))(\(member.elementType))")
      }
    }
  }

  private func emitInitializers(into text: inout SwiftText) {
    if !properties.isEmpty { text.line() }
    text.line("public init() {}")
    guard !properties.isEmpty else { return }
    text.line()
    let declarations = properties.map(declaration)
    text.line("public init(")
    for (index, (name, type, initial)) in declarations.enumerated() {
      let comma = index == declarations.count - 1 ? "" : ","
      text.line("  \(name): \(type) = \(initial)\(comma)")
    }
    text.block(")") { text in
      for (name, _, _) in declarations { text.line("self.\(name) = \(name)") }
    }
  }

  /// The conformance to `Message`, of this one and of all nested in it.
  func emitCodec(into text: inout SwiftText) {
    let type = CNames.type(message.fullName)
    text.line()
    text.block("extension \(types[message.fullName].swift)") { text in
      text.block("public static let descriptor: MessageDescriptor =", end: "}()") { text in
        text.line("var empty = \(type)()")
        text.line("\(CNames.function(message.fullName))__init(&empty)")
        text.line("return MessageDescriptor(empty.base.descriptor)")
      }
      text.line()
      text.block("public init(reading raw: UnsafeRawPointer) throws(CodecError)") { text in
        if !properties.isEmpty {
          text.line("let source = raw.assumingMemoryBound(to: \(type).self)")
        }
        for property in properties { emitReading(property, into: &text) }
      }
      text.line()
      text.block("public func write(to raw: UnsafeMutableRawPointer, in arena: Arena)") { text in
        if !properties.isEmpty {
          text.line("let target = raw.assumingMemoryBound(to: \(type).self)")
        }
        for property in properties { emitWriting(property, into: &text) }
      }
    }
    for nested in message.messages where !nested.isMapEntry {
      MessageCode(message: nested, types: types).emitCodec(into: &text)
    }
  }

  private func emitReading(_ property: Property, into text: inout SwiftText) {
    switch property {
    case .field(let code):
      let name = "self.\(Names.property(code.field.name))"
      if code.field.isRepeated {
        text.line("\(name) = \(code.readingAll())")
      } else if let index = code.field.oneof {
        let condition = "\(caseMember(message.oneofs[index])).rawValue == \(code.field.number)"
        text.block("if \(condition)") { $0.line("\(name) = \(code.reading())") }
      } else {
        text.line("\(name) = \(code.reading())")
      }
    case .choice(let oneof, _, let members):
      let name = "self.\(Names.property(oneof.name))"
      text.cases("\(caseMember(oneof)).rawValue") { text in
        for member in members {
          let constructor = ".\(Names.property(member.field.name))"
          if case .message = member.field.kind {
            let optional = "let value: \(member.elementType) = \(member.reading())"
            text.line("case \(member.field.number):")
            text.line("  if \(optional) { \(name) = \(constructor)(value) }")
          } else {
            text.line("case \(member.field.number): \(name) = \(constructor)(\(member.reading()))")
          }
        }
        text.line("default: break")
      }
    }
  }

  private func emitWriting(_ property: Property, into text: inout SwiftText) {
    switch property {
    case .field(let code):
      let name = "self.\(Names.property(code.field.name))"
      if code.field.isRepeated {
        for line in code.writingAll(name) { text.line(line) }
      } else if let index = code.field.oneof {
        let oneof = message.oneofs[index]
        text.block("if let value = \(name)") { text in
          text.line("\(caseMember(oneof, "target")) = .init(rawValue: \(code.field.number))")
          for line in code.writing("value") { text.line(line) }
        }
      } else {
        for line in code.writing(name) { text.line(line) }
      }
    case .choice(let oneof, _, let members):
      text.cases("self.\(Names.property(oneof.name))") { text in
        for member in members {
          text.line("case .\(Names.property(member.field.name))(let value):")
          text.line("  \(caseMember(oneof, "target")) = .init(rawValue: \(member.field.number))")
          for line in member.writing("value") { text.line("  " + line) }
        }
        text.line("case nil: break")
      }
    }
  }

  private func caseMember(_ oneof: ProtoOneof, _ structure: String = "source") -> String {
    "\(structure).pointee.\(CNames.snake(oneof.name))_case"
  }
}
