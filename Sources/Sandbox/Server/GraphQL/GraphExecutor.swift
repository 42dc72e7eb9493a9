/// Runs an operation over an object: what is not asked for is not answered, what is not there is an
/// error.
struct GraphExecutor {
  private let document: GraphDocument
  private let variables: JSONValue
  private let defaults: [String: GraphDocument.Value]
  /// What fields accept, by `Type.field`; the others accept nothing.
  private let inputs: [String: [String: GraphInput]]
  let operation: GraphDocument.Operation

  /// - Throws: `GraphError` when no operation has that name or a variable is missing.
  init(
    _ document: GraphDocument, operation name: String?, variables: JSONValue,
    inputs: [String: [String: GraphInput]]
  ) throws {
    let found =
      if let name, !name.isEmpty {
        document.operations.first { $0.name == name }
      } else {
        document.operations.count == 1 ? document.operations[0] : nil
      }
    guard let operation = found else { throw GraphError("An operation name is required") }
    for name in operation.required where variables[name].isNull {
      throw GraphError(
        "Variable $\(name) was provided invalid value", code: "INVALID_VARIABLE")
    }
    self.document = document
    self.operation = operation
    self.variables = variables
    self.inputs = inputs
    var defaults: [String: GraphDocument.Value] = [:]
    for argument in operation.defaults { defaults[argument.name] = argument.value }
    self.defaults = defaults
  }

  /// The root fields' names, as the document has them.
  func rootNames() throws -> [String] {
    try fields(of: operation.selections, on: "").map(\.name)
  }

  func run(_ root: GraphObject) throws -> JSONValue {
    try project(root, operation.selections)
  }

  private func project(
    _ object: GraphObject, _ selections: [GraphDocument.Selection]
  ) throws -> JSONValue {
    var members: [JSONValue.Member] = []
    for field in try fields(of: selections, on: object.type) {
      if field.name == "__typename" {
        members.append(.init(name: field.alias, value: .string(object.type)))
        continue
      }
      guard let resolve = object[field.name] else {
        throw GraphError(
          "Field '\(field.name)' doesn't exist on type '\(object.type)'", code: "undefinedField")
      }
      let arguments = try arguments(of: field)
      try check(arguments, of: field, on: object.type)
      let result = try resolve(arguments)
      members.append(.init(name: field.alias, value: try project(result, field)))
    }
    return .object(members)
  }

  private func check(
    _ arguments: GraphArguments, of field: GraphDocument.Field, on type: String
  ) throws {
    let accepted = inputs["\(type).\(field.name)"] ?? [:]
    for (name, value) in arguments.values.sorted(by: { $0.key < $1.key }) {
      guard let input = accepted[name] else {
        throw GraphError(
          "Field '\(field.name)' doesn't accept argument '\(name)'", code: "argumentNotAccepted")
      }
      try input.check(value, name)
    }
    // What the sandbox would pass over, such as @include, it refuses.
    for name in arguments.directives.keys where name != "idempotent" {
      throw GraphError("Directive @\(name) is not defined", code: "undefinedDirective")
    }
  }

  private func project(_ result: GraphResult, _ field: GraphDocument.Field) throws -> JSONValue {
    switch result {
    case .value(let value): return value
    case .list(let items): return .array(try items.map { try project($0, field) })
    case .object(let object):
      guard !field.selections.isEmpty else {
        throw GraphError(
          "Field must have selections (field '\(field.name)' returns \(object.type) but has no selections)",
          code: "selectionMismatch")
      }
      return try project(object, field.selections)
    }
  }

  /// The fields of a selection, fragments put in.
  private func fields(
    of selections: [GraphDocument.Selection], on type: String, depth: Int = 0
  ) throws -> [GraphDocument.Field] {
    guard depth < 16 else { throw GraphError("Fragments are nested too deeply") }
    var fields: [GraphDocument.Field] = []
    for selection in selections {
      switch selection {
      case .field(let field): fields.append(field)
      case .inline(let wanted, let inner):
        guard wanted == nil || wanted == type || type.isEmpty else { continue }
        fields += try self.fields(of: inner, on: type, depth: depth + 1)
      case .spread(let name):
        guard let fragment = document.fragments[name] else {
          throw GraphError("Fragment \(name) was used, but not defined")
        }
        guard fragment.type == type || type.isEmpty || type.hasSuffix("Root") else { continue }
        fields += try self.fields(of: fragment.selections, on: type, depth: depth + 1)
      }
    }
    return fields
  }

  private func arguments(of field: GraphDocument.Field) throws -> GraphArguments {
    var values: [String: JSONValue] = [:]
    for argument in field.arguments { values[argument.name] = try value(argument.value) }
    var directives: [String: JSONValue] = [:]
    for directive in field.directives {
      let members = try directive.arguments.map { argument in
        JSONValue.Member(name: argument.name, value: try value(argument.value))
      }
      directives[directive.name] = .object(members)
    }
    return GraphArguments(values: values, directives: directives)
  }

  private func value(_ value: GraphDocument.Value) throws -> JSONValue {
    switch value {
    case .constant(let constant): return constant
    case .list(let items): return .array(try items.map { try self.value($0) })
    case .object(let members):
      return .object(try members.map { .init(name: $0.name, value: try self.value($0.value)) })
    case .variable(let name):
      if variables.has(name) { return variables[name] }
      guard let standard = defaults[name] else { return .null }
      return try self.value(standard)
    }
  }
}
