import Primitives

@testable import SandboxServer

/// Ways in which JSON that a channel sends may be other than it should be, or look other and mean the same.
enum PayloadDamage {
  private typealias Path = [Step]

  private enum Step {
    case member(String)
    case item(Int)

    var text: String {
      switch self {
      case .member(let name): name
      case .item(let index): "[\(index)]"
      }
    }
  }

  /// What stands in the place of a value; none of them could be meant as a count, a time or a state.
  private static let values: [String] = [
    "null", "\"\"", #""x""#, "-1", "1.5", "1e300", "9223372036854775807", "18446744073709551616",
    "[]",
    "{}", "[null]", #"{"a":[1]}"#, #""\#(String(repeating: "y", count: 5_000))""#,
  ]

  private static let mark = "\u{1}mark\u{1}"

  /// The same JSON with one value gone or another one, and where that is.
  static func damaged(
    _ value: JSONValue, sparing names: Set<String>, _ random: inout SeededRandom
  ) -> (body: [UInt8], what: String) {
    let places = paths(in: value).filter { path in
      guard case .member(let name)? = path.last else { return !path.isEmpty }
      return !names.contains(name)
    }
    guard let path = places.randomElement(using: &random) else { return (value.bytes, "nothing") }
    let place = path.map(\.text).joined(separator: ".")
    if Int.random(in: 0..<5, using: &random) == 0, case .member = path[path.count - 1] {
      return (replacing(value, path[...], with: nil).bytes, "\(place) is gone")
    }
    let other = values.randomElement(using: &random) ?? "null"
    let text = replacing(value, path[...], with: .string(mark)).json
    let whole = text.replacing(JSONValue.string(mark).json, with: other)
    return (Array(whole.utf8), "\(place) is \(other.prefix(30))")
  }

  /// The same meaning in other words: members that nobody knows, another order, space between.
  static func reworded(_ value: JSONValue, _ random: inout SeededRandom) -> [UInt8] {
    Array(pretty(reworded(value, 0, &random)).utf8)
  }

  private static func reworded(
    _ value: JSONValue, _ depth: Int, _ random: inout SeededRandom
  ) -> JSONValue {
    switch value {
    case .object(let members):
      var changed = members.map {
        JSONValue.Member(name: $0.name, value: reworded($0.value, depth + 1, &random))
      }
      changed.append(.init(name: "zz_\(depth)", value: ["a": [1, .null, ["b": "\u{1F600}"]]]))
      return .object(changed.shuffled(using: &random))
    case .array(let items): return .array(items.map { reworded($0, depth + 1, &random) })
    case .null, .bool, .integer, .number, .string: return value
    }
  }

  private static func pretty(_ value: JSONValue) -> String {
    switch value {
    case .object(let members):
      let inner = members.map { "\t\(JSONValue.string($0.name).json) : \(pretty($0.value))" }
      return "{\r\n\(inner.joined(separator: " ,\n"))\n}"
    case .array(let items): return "[ \(items.map(pretty).joined(separator: " , ")) ]"
    case .null, .bool, .integer, .number, .string: return value.json
    }
  }

  /// The same meaning with whole numbers written as text, or long ones written as text written as numbers.
  static func retyped(_ value: JSONValue, _ random: inout SeededRandom) -> [UInt8] {
    let places = paths(in: value).filter { path in
      switch Self.value(value, path[...]) {
      case .integer: true
      case .string(let text): Int64(text).map { String($0) == text } ?? false
      default: false
      }
    }
    guard let path = places.randomElement(using: &random) else { return value.bytes }
    let other: JSONValue =
      switch Self.value(value, path[...]) {
      case .integer(let number): .string(String(number))
      case let old: .integer(Int64(old.text ?? "") ?? 0)
      }
    return replacing(value, path[...], with: other).bytes
  }

  /// The bytes in other encodings.
  static func encoded(_ body: [UInt8]) -> [[UInt8]] {
    let units = Array(String(decoding: body, as: UTF8.self).utf16)
    let little = units.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let big = units.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    return [
      [0xEF, 0xBB, 0xBF] + body, little, big, [0xFF, 0xFE] + little, [0xFE, 0xFF] + big,
      // Latin-1, in which a title has an umlaut that is no UTF-8.
      Array(
        body.map { $0 == UInt8(ascii: "T") ? [0xDC] : [$0] }.joined()),
      body + [0], body + body, Array(body.dropLast()), [0] + body,
    ]
  }

  private static func paths(in value: JSONValue) -> [Path] {
    switch value {
    case .object(let members):
      return [[]]
        + members.flatMap { member in
          paths(in: member.value).map { [.member(member.name)] + $0 }
        }
    case .array(let items):
      return [[]]
        + items.indices.flatMap { index in paths(in: items[index]).map { [.item(index)] + $0 } }
    case .null, .bool, .integer, .number, .string: return [[]]
    }
  }

  private static func value(_ value: JSONValue, _ path: ArraySlice<Step>) -> JSONValue {
    switch path.first {
    case nil: value
    case .member(let name)?: self.value(value[name], path.dropFirst())
    case .item(let index)?: self.value(value.array?[index] ?? .null, path.dropFirst())
    }
  }

  private static func replacing(
    _ value: JSONValue, _ path: ArraySlice<Step>, with other: JSONValue?
  ) -> JSONValue {
    switch (path.first, value) {
    case (.member(let name)?, .object(let members)):
      .object(
        members.compactMap { member in
          guard member.name == name else { return member }
          if path.count == 1, other == nil { return nil }
          let changed = replacing(member.value, path.dropFirst(), with: other)
          return .init(name: name, value: changed)
        })
    case (.item(let index)?, .array(let items)):
      .array(
        items.enumerated().map { place, item in
          place == index ? replacing(item, path.dropFirst(), with: other) : item
        })
    default: other ?? .null
    }
  }
}
