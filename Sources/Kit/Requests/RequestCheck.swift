public import Primitives
public import RPCCore

/// Reads a request's fields and gathers what is wrong with them, to tell all of it at once.
///
///     var check = RequestCheck()
///     let sku = check.identifier(SKU.self, request.sku, "sku")
///     let quantity = check.quantity(request.quantity, "quantity")
///     try check.finish()
///
/// A reader that refuses its field still returns a value, so that reading can go on; `finish` then throws. A field's
/// path is only made when it is refused.
public struct RequestCheck: Sendable {
  /// More violations than these are not told.
  public static let maximumViolations = 100

  public private(set) var violations: [RPCError.FieldViolation] = []
  private var unheardCount = 0

  public init() {}

  public var isClean: Bool { violations.isEmpty }

  /// Notes what is wrong with a field.
  public mutating func refuse(_ field: String, _ problem: String) {
    guard violations.count < Self.maximumViolations else {
      unheardCount += 1
      return
    }
    violations.append(RPCError.FieldViolation(field: field, problem: problem))
  }

  /// A required identifier.
  public mutating func identifier<ID: Identifier>(
    _ type: ID.Type, _ text: String, _ field: @autoclosure () -> String
  ) -> ID {
    do throws(InvalidIdentifier) {
      return try ID(text)
    } catch {
      refuse(field(), "The \(error.noun) \(error.problem).")
      return ID(trusted: text)
    }
  }

  /// An identifier that may be left out.
  public mutating func optionalIdentifier<ID: Identifier>(
    _ type: ID.Type, _ text: String, _ field: @autoclosure () -> String
  ) -> ID? {
    text.isEmpty ? nil : identifier(type, text, field())
  }

  /// A count of units: 1 to `QuantityLimits.maximum`, or as `range` says.
  @discardableResult
  public mutating func quantity(
    _ value: Quantity, _ field: @autoclosure () -> String,
    in range: ClosedRange<Quantity> = 1...QuantityLimits.maximum
  ) -> Quantity {
    integer(value, field(), in: range)
  }

  @discardableResult
  public mutating func integer(
    _ value: Int64, _ field: @autoclosure () -> String, in range: ClosedRange<Int64>
  ) -> Int64 {
    if !range.contains(value) {
      refuse(field(), "It is \(value); \(range.lowerBound) to \(range.upperBound) is allowed.")
    }
    return value
  }

  /// Text of 1 (or 0, when it may be empty) to `maximumBytes` bytes of UTF-8.
  @discardableResult
  public mutating func text(
    _ value: String, _ field: @autoclosure () -> String, atMost maximumBytes: Int = 1000,
    mayBeEmpty: Bool = false
  ) -> String {
    if value.isEmpty, !mayBeEmpty { refuse(field(), "It is empty.") }
    let count = value.utf8.count
    if count > maximumBytes {
      refuse(field(), "It is \(count) bytes long; \(maximumBytes) are allowed.")
    }
    return value
  }

  /// The number of a repeated field's items.
  public mutating func count(
    _ items: some Collection, _ field: @autoclosure () -> String, in range: ClosedRange<Int>
  ) {
    let count = items.count
    if !range.contains(count) {
      refuse(
        field(), "It has \(count) items; \(range.lowerBound) to \(range.upperBound) are allowed.")
    }
  }

  /// A message field that must be there.
  public mutating func required<Value>(_ value: Value?, _ field: @autoclosure () -> String)
    -> Value?
  {
    if value == nil { refuse(field(), "It is missing.") }
    return value
  }

  /// The caller's request ID: empty, or an identifier.
  @discardableResult
  public mutating func requestID(
    _ text: String, _ field: @autoclosure () -> String = "request_id"
  ) -> String {
    _ = optionalIdentifier(RequestID.self, text, field())
    return text
  }

  /// Throws INVALID_ARGUMENT with every violation when there is one.
  public func finish() throws(RPCError) {
    guard let first = violations.first else { return }
    let count = violations.count + unheardCount
    let more = count == 1 ? "" : " (and \(count - 1) more)"
    throw RPCError(
      .invalidArgument, "INVALID_REQUEST", "\(first.field): \(first.problem)\(more)",
      ["field": first.field], violations: violations)
  }
}
