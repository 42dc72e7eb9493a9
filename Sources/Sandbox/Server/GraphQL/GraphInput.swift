/// What a field's argument, or a member of an input object, may be.
///
/// A schema refuses what it does not know: a platform that passed over a misspelt member would do something else than
/// was asked for.
indirect enum GraphInput: Sendable {
  /// Text, a number, a truth value.
  case scalar
  case list(GraphInput)
  case object(String, [String: GraphInput])
  /// An object that the sandbox does not look into.
  case opaque

  static func objects(_ type: String, _ members: [String: GraphInput]) -> GraphInput {
    .list(.object(type, members))
  }

  /// - Note: Source: graphql-ruby's static validation, as Shopify answers it: `argumentNotAccepted`; the GraphQL
  ///   specification, October 2021, 3.5.1: an Int has 32 bits.
  func check(_ value: JSONValue, _ name: String) throws {
    switch (self, value) {
    case (_, .null), (.opaque, _): return
    case (.list(let inner), .array(let items)):
      for item in items { try inner.check(item, name) }
    case (.list(let inner), _): try inner.check(value, name)
    case (.object(let type, let members), .object(let given)):
      for member in given {
        guard let input = members[member.name] else {
          throw GraphError(
            "InputObject '\(type)' doesn't accept argument '\(member.name)'",
            code: "argumentNotAccepted")
        }
        try input.check(member.value, member.name)
      }
    case (.scalar, .integer(let number)):
      guard Int32(exactly: number) != nil else {
        throw GraphError("\(name) is not a 32-bit integer", code: "INVALID_VARIABLE")
      }
    case (.scalar, .string), (.scalar, .bool), (.scalar, .number): return
    case (.scalar, _), (.object, _):
      throw GraphError(
        "Argument '\(name)' has an invalid value", code: "argumentLiteralsIncompatible")
    }
  }
}
