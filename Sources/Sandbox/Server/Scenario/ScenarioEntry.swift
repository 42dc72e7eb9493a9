internal import Foundation

/// One object of a scenario, read member by member.
struct ScenarioEntry {
  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private let container: KeyedDecodingContainer<Name>
  let place: String

  /// - Parameter allowed: the only members that it may have.
  init(_ decoder: any Decoder, allowed: [String]) throws {
    place = Self.text(decoder.codingPath)
    do {
      container = try decoder.container(keyedBy: Name.self)
    } catch {
      throw ScenarioError(place: place, problem: "must be an object")
    }
    for name in container.allKeys.map(\.stringValue).sorted() where !allowed.contains(name) {
      throw self.wrong(name, "is not known here; there may be \(allowed.joined(separator: ", "))")
    }
  }

  func has(_ name: String) -> Bool { container.contains(Name(stringValue: name)) }

  func wrong(_ name: String, _ problem: String) -> ScenarioError {
    ScenarioError(place: place.isEmpty ? name : "\(place).\(name)", problem: problem)
  }

  func value<Value: Decodable>(_ name: String, _ type: Value.Type, _ allowed: String) throws
    -> Value
  {
    do {
      return try container.decode(type, forKey: Name(stringValue: name))
    } catch let error as ScenarioError {
      throw error
    } catch {
      throw wrong(name, "must be \(allowed)")
    }
  }

  func number(
    _ name: String, in range: ClosedRange<Double>, default standard: Double? = nil
  ) throws -> Double {
    if let standard, !has(name) { return standard }
    let allowed = "a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))"
    let number = try value(name, Double.self, allowed)
    guard range.contains(number) else { throw wrong(name, "must be \(allowed)") }
    return number
  }

  func integer(
    _ name: String, in range: ClosedRange<Int64>, default standard: Int64? = nil
  ) throws -> Int64 {
    if let standard, !has(name) { return standard }
    let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    let number = try value(name, Int64.self, allowed)
    guard range.contains(number) else { throw wrong(name, "must be \(allowed)") }
    return number
  }

  func text(_ name: String, _ allowed: String) throws -> String {
    let text = try value(name, String.self, allowed)
    guard !text.isEmpty else { throw wrong(name, "must be \(allowed)") }
    return text
  }

  /// `shopee/14701711`.
  func shop(_ name: String, of channels: [Channel] = Channel.allCases) throws -> Shop.Key {
    try shop(try text(name, Self.shops(channels)), name, of: channels)
  }

  func shops(_ name: String) throws -> [Shop.Key] {
    let allowed = "a list of one or more of \(Self.shops(Channel.allCases))"
    let names = try value(name, [String].self, allowed)
    guard (1...SandboxLimits.lines).contains(names.count) else {
      throw wrong(name, "must be \(allowed)")
    }
    return try names.enumerated().map { index, text in
      try shop(text, "\(name)[\(index)]", of: Channel.allCases)
    }
  }

  private func shop(_ text: String, _ name: String, of channels: [Channel]) throws -> Shop.Key {
    let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
    guard parts.count == 2, let channel = Channel(rawValue: parts[0]), channels.contains(channel)
    else { throw wrong(name, "must be \(Self.shops(channels))") }
    return Shop.Key(channel: channel, shopID: parts[1])
  }

  private static func shops(_ channels: [Channel]) -> String {
    "CHANNEL/SHOP with a channel of \(channels.map(\.rawValue).joined(separator: ", "))"
  }

  /// One channel, or all of them.
  func channels(_ name: String) throws -> [Channel] {
    let allowed = "\(Channel.names) or all"
    let text = try text(name, allowed)
    if text == "all" { return Channel.allCases }
    guard let channel = Channel(rawValue: text) else { throw wrong(name, "must be \(allowed)") }
    return [channel]
  }

  static func text(_ path: [any CodingKey]) -> String {
    var text = ""
    for key in path {
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
      }
    }
    return text
  }

  private static func text(_ number: Double) -> String {
    number == number.rounded() ? String(Int64(number)) : String(number)
  }
}

extension JSONValue: Decodable {
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      let members = try container.decode([String: JSONValue].self)
      self = .object(
        members.sorted { $0.key < $1.key }.map { Member(name: $0.key, value: $0.value) })
    }
  }
}
