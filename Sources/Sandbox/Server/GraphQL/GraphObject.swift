/// What a field gives: a value, an object that is asked further, a list.
indirect enum GraphResult {
  case value(JSONValue)
  case object(GraphObject)
  case list([GraphResult])

  static var null: GraphResult { .value(.null) }

  static func optional(_ object: GraphObject?) -> GraphResult {
    object.map { .object($0) } ?? .null
  }
}

/// An object of the schema: only what is asked for is worked out.
struct GraphObject {
  typealias Resolver = (GraphArguments) throws -> GraphResult

  var type: String
  private var fields: [String: Resolver] = [:]

  init(_ type: String, _ values: [String: JSONValue] = [:]) {
    self.type = type
    for (name, value) in values { fields[name] = { _ in .value(value) } }
  }

  subscript(_ name: String) -> Resolver? {
    get { fields[name] }
    set { fields[name] = newValue }
  }

  func with(_ name: String, _ resolver: @escaping Resolver) -> GraphObject {
    var copy = self
    copy.fields[name] = resolver
    return copy
  }

  /// A page of objects: `nodes`, `edges` and `pageInfo`; cursors are positions.
  ///
  /// - Note: Source: shopify.dev usage/limits: `first` or `last` is needed, 250 at most.
  static func connection<Item>(
    _ type: String, _ items: [Item], _ arguments: GraphArguments,
    _ make: (Item) throws -> GraphObject
  ) throws -> GraphResult {
    let (first, last) = (arguments["first"].integer, arguments["last"].integer)
    guard let count = first ?? last, first == nil || last == nil else {
      throw GraphError("you must provide one of first or last", code: "BAD_REQUEST")
    }
    guard (1...250).contains(count) else {
      throw GraphError(
        "\(first == nil ? "last" : "first") must be from 1 to 250", code: "BAD_REQUEST")
    }
    let after = try position(arguments["after"], in: items.count)
    let start = first == nil ? max(after, items.count - Int(count)) : after
    let page = try items.dropFirst(start).prefix(Int(count)).map(make)
    let info = GraphObject(
      "PageInfo",
      [
        "hasNextPage": .bool(start + page.count < items.count),
        "hasPreviousPage": .bool(start > 0),
        "startCursor": page.isEmpty ? .null : .string(String(start)),
        "endCursor": page.isEmpty ? .null : .string(String(start + page.count - 1)),
      ])
    var connection = GraphObject("\(type)Connection")
    connection["nodes"] = { _ in .list(page.map { .object($0) }) }
    connection["edges"] = { _ in
      .list(
        page.enumerated().map { index, node in
          let edge = GraphObject("\(type)Edge", ["cursor": .string(String(start + index))])
          return .object(edge.with("node") { _ in .object(node) })
        })
    }
    connection["pageInfo"] = { _ in .object(info) }
    return .object(connection)
  }

  /// Where the page behind a cursor begins.
  private static func position(_ cursor: JSONValue, in count: Int) throws -> Int {
    guard !cursor.isNull else { return 0 }
    guard let place = cursor.string.flatMap({ Int($0) }), (0..<max(count, 1)).contains(place) else {
      throw GraphError("Invalid cursor for current pagination sort.", code: "BAD_REQUEST")
    }
    return place + 1
  }
}

/// A field's arguments, with the variables put in.
struct GraphArguments {
  var values: [String: JSONValue]
  /// By directive: `@idempotent(key: …)`.
  var directives: [String: JSONValue]

  subscript(_ name: String) -> JSONValue { values[name] ?? .null }
}
