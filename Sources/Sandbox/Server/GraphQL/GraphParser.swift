/// Reads a GraphQL document.
struct GraphParser {
  /// How deep selections and values may lie in each other.
  private static let depth = 32

  private var scanner: GraphScanner
  private var token: GraphScanner.Token
  private var level = 0

  static func parse(_ text: String) throws -> GraphDocument {
    var scanner = GraphScanner(text)
    let first = try scanner.next()
    var parser = GraphParser(scanner: scanner, token: first)
    return try parser.document()
  }

  private init(scanner: GraphScanner, token: GraphScanner.Token) {
    self.scanner = scanner
    self.token = token
  }

  private mutating func document() throws -> GraphDocument {
    var document = GraphDocument()
    while token != .end {
      switch token {
      case .mark("{"):
        document.operations.append(
          .init(kind: "query", name: "", defaults: [], required: [], selections: try selections()))
      case .name("query"), .name("mutation"): document.operations.append(try operation())
      case .name("fragment"):
        try advance()
        let name = try name()
        try expect(.name("on"))
        let type = try self.name()
        document.fragments[name] = .init(type: type, selections: try selections())
      default: throw unexpected
      }
    }
    guard !document.operations.isEmpty else { throw GraphError("No query string was present") }
    return document
  }

  private mutating func operation() throws -> GraphDocument.Operation {
    var operation = GraphDocument.Operation(
      kind: try name(), name: "", defaults: [], required: [], selections: [])
    if case .name(let name) = token {
      operation.name = name
      try advance()
    }
    if token == .mark("(") {
      try advance()
      while token != .mark(")") { try variable(of: &operation) }
      try advance()
    }
    _ = try directives()
    operation.selections = try selections()
    return operation
  }

  private mutating func variable(of operation: inout GraphDocument.Operation) throws {
    try expect(.mark("$"))
    let name = try name()
    try expect(.mark(":"))
    let isRequired = try type()
    if token == .mark("=") {
      try advance()
      let standard = try value()
      // A default that names a variable, itself perhaps, would never come to an end.
      guard standard.isConstant else { throw unexpected }
      operation.defaults.append(.init(name: name, value: standard))
    } else if isRequired {
      operation.required.append(name)
    }
  }

  /// Whether the type has an exclamation mark at its end.
  private mutating func type() throws -> Bool {
    if token == .mark("[") {
      try deeper()
      defer { level -= 1 }
      try advance()
      _ = try type()
      try expect(.mark("]"))
    } else {
      _ = try name()
    }
    guard token == .mark("!") else { return false }
    try advance()
    return true
  }

  private mutating func selections() throws -> [GraphDocument.Selection] {
    try deeper()
    try expect(.mark("{"))
    var selections: [GraphDocument.Selection] = []
    while token != .mark("}") { selections.append(try selection()) }
    try advance()
    level -= 1
    guard !selections.isEmpty else { throw GraphError("Parse error on \"}\"") }
    return selections
  }

  private mutating func selection() throws -> GraphDocument.Selection {
    guard token == .mark("...") else { return .field(try field()) }
    try advance()
    switch token {
    case .name("on"):
      try advance()
      let type = try name()
      _ = try directives()
      return .inline(type: type, try selections())
    case .name(let fragment):
      try advance()
      _ = try directives()
      return .spread(fragment)
    default:
      _ = try directives()
      return .inline(type: nil, try selections())
    }
  }

  private mutating func field() throws -> GraphDocument.Field {
    var name = try name()
    let alias = name
    if token == .mark(":") {
      try advance()
      name = try self.name()
    }
    let arguments = try arguments()
    let directives = try directives()
    let selections = token == .mark("{") ? try selections() : []
    return .init(
      alias: alias, name: name, arguments: arguments, directives: directives,
      selections: selections)
  }

  private mutating func arguments() throws -> [GraphDocument.Argument] {
    guard token == .mark("(") else { return [] }
    try advance()
    var arguments: [GraphDocument.Argument] = []
    while token != .mark(")") { arguments.append(try argument()) }
    try advance()
    return arguments
  }

  private mutating func argument() throws -> GraphDocument.Argument {
    let name = try name()
    try expect(.mark(":"))
    return .init(name: name, value: try value())
  }

  private mutating func directives() throws -> [GraphDocument.Directive] {
    var directives: [GraphDocument.Directive] = []
    while token == .mark("@") {
      try advance()
      directives.append(.init(name: try name(), arguments: try arguments()))
    }
    return directives
  }

  private mutating func value() throws -> GraphDocument.Value {
    try deeper()
    defer { level -= 1 }
    let current = token
    try advance()
    switch current {
    case .mark("$"): return .variable(try name())
    case .integer(let number): return .constant(.integer(number))
    case .number(let number): return .constant(.number(number))
    case .string(let text): return .constant(.string(text))
    case .name("true"): return .constant(true)
    case .name("false"): return .constant(false)
    case .name("null"): return .constant(.null)
    case .name(let word): return .constant(.string(word))
    case .mark("["):
      var items: [GraphDocument.Value] = []
      while token != .mark("]") { items.append(try value()) }
      try advance()
      return .list(items)
    case .mark("{"):
      var members: [GraphDocument.Argument] = []
      while token != .mark("}") { members.append(try argument()) }
      try advance()
      return .object(members)
    default: throw unexpected
    }
  }

  private mutating func name() throws -> String {
    guard case .name(let name) = token else { throw unexpected }
    try advance()
    return name
  }

  private mutating func expect(_ wanted: GraphScanner.Token) throws {
    guard token == wanted else { throw unexpected }
    try advance()
  }

  private mutating func advance() throws {
    token = try scanner.next()
  }

  private mutating func deeper() throws {
    level += 1
    guard level <= Self.depth else { throw GraphError("Query is nested too deeply") }
  }

  private var unexpected: GraphError { GraphError("Parse error on \(token)", code: "PARSE") }
}
