public import Primitives

/// A channel's ID, sent as text or as a whole number; digits are kept as they are, never through a
/// float.
public struct FlexibleID: Codable, Hashable, Sendable, CustomStringConvertible {
  /// The longest ID that any channel has, with much to spare.
  public static let maximumBytes = 128
  public let text: String
  public var description: String { text }

  public init(_ text: String) {
    self.text = text
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    try container.refuseNull(Self.self)
    if let text = try? container.decode(String.self) {
      guard text.utf8.count <= Self.maximumBytes else {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "an ID is at most \(Self.maximumBytes) bytes long")
      }
      guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
        throw DecodingError.dataCorruptedError(
          in: container, debugDescription: "an ID has no control characters")
      }
      self.text = text
    } else if let number = try? container.decode(Int64.self) {
      text = String(number)
    } else if let number = try? container.decode(UInt64.self) {
      text = String(number)
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "an ID is text or a whole number")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  /// The ID, or nil for one that names nothing: empty, zero, or the word "null".
  public var named: String? {
    text.isEmpty || text == "0" || text == "null" ? nil : text
  }
}

/// A whole number, sent as one or as text.
public struct LossyInt: Decodable, Hashable, Sendable {
  public let value: Int64

  /// As a count of units: what lies outside of 0 to the most that a line may have is cut off, so
  /// that sums stay sums whatever was sent.
  public var units: Quantity { min(max(value, 0), QuantityLimits.maximum) }

  public init(_ value: Int64) {
    self.value = value
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    try container.refuseNull(Self.self)
    if let number = try? container.decode(Int64.self) {
      value = number
    } else if let text = try? container.decode(String.self), let number = Int64(text) {
      value = number
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a whole number was expected")
    }
  }
}

/// A truth value, sent as one, as 0 or 1, or as text.
public struct LossyBool: Decodable, Hashable, Sendable {
  public let value: Bool

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    try container.refuseNull(Self.self)
    if let value = try? container.decode(Bool.self) {
      self.value = value
    } else if let number = try? container.decode(LossyInt.self) {
      value = number.value != 0
    } else if let text = try? container.decode(String.self) {
      value = text.lowercased() == "true"
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "true or false was expected")
    }
  }
}

extension SingleValueDecodingContainer {
  fileprivate func refuseNull<Value>(_ type: Value.Type) throws {
    guard decodeNil() else { return }
    throw DecodingError.valueNotFound(
      type, DecodingError.Context(codingPath: codingPath, debugDescription: "a value was expected"))
  }
}
