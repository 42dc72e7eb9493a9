public import Primitives

/// What a statement binds and a row holds.
public enum SQLValue: Hashable, Sendable {
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])
  case null

  public static func bool(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }

  /// A moment is stored as its microseconds since 1970.
  public static func time(_ moment: Timestamp) -> SQLValue { .integer(moment.microseconds) }

  /// An identifier is stored as its text.
  public static func id(_ identifier: some Identifier) -> SQLValue { .text(identifier.text) }

  public static func int(_ value: Int) -> SQLValue { .integer(Int64(value)) }

  public static func integer(_ value: Int64?) -> SQLValue { value.map { .integer($0) } ?? .null }
  public static func text(_ value: String?) -> SQLValue { value.map { .text($0) } ?? .null }
  public static func blob(_ value: [UInt8]?) -> SQLValue { value.map { .blob($0) } ?? .null }
  public static func time(_ moment: Timestamp?) -> SQLValue { moment.map { .time($0) } ?? .null }
  public static func id(_ identifier: (some Identifier)?) -> SQLValue {
    identifier.map { .text($0.text) } ?? .null
  }
}

extension SQLValue: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByNilLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(stringLiteral value: String) { self = .text(value) }
  public init(floatLiteral value: Double) { self = .real(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(nilLiteral: ()) { self = .null }
}
