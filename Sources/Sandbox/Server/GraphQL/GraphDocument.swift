/// A GraphQL operation, as far as Shopify's Admin API is used by integrators: fields with aliases,
/// arguments, directives, variables and fragments.
///
/// - Note: Source: GraphQL specification, October 2021, section 2.
struct GraphDocument: Equatable, Sendable {
  indirect enum Value: Equatable, Sendable {
    case variable(String)
    case constant(JSONValue)
    case list([Value])
    case object([Argument])

    /// Whether no variable stands in it.
    var isConstant: Bool {
      switch self {
      case .variable: false
      case .constant: true
      case .list(let items): items.allSatisfy(\.isConstant)
      case .object(let members): members.allSatisfy(\.value.isConstant)
      }
    }
  }

  struct Argument: Equatable, Sendable {
    var name: String
    var value: Value
  }

  struct Directive: Equatable, Sendable {
    var name: String
    var arguments: [Argument]
  }

  struct Field: Equatable, Sendable {
    var alias: String
    var name: String
    var arguments: [Argument]
    var directives: [Directive]
    var selections: [Selection]
  }

  indirect enum Selection: Equatable, Sendable {
    case field(Field)
    /// `... on Type { … }`; nil for any type.
    case inline(type: String?, [Selection])
    case spread(String)
  }

  struct Fragment: Equatable, Sendable {
    var type: String
    var selections: [Selection]
  }

  struct Operation: Equatable, Sendable {
    /// `query` or `mutation`.
    var kind: String
    var name: String
    /// Values for variables that the caller leaves out.
    var defaults: [Argument]
    /// Variables that must be given: `$id: ID!`.
    var required: [String]
    var selections: [Selection]
  }

  var operations: [Operation] = []
  var fragments: [String: Fragment] = [:]
}

/// What is wrong with a document or a call.
struct GraphError: Error, Equatable, Sendable {
  var message: String
  var code = ""

  init(_ message: String, code: String = "") {
    self.message = message
    self.code = code
  }
}
