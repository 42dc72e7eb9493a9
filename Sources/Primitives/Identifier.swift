/// Text that names one thing, checked once at the edge and carried as its own type from there on.
public protocol Identifier: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The word for it in messages: "SKU", "location".
  static var noun: String { get }
  /// The longest that it may be, in bytes of UTF-8.
  static var maximumBytes: Int { get }
  var text: String { get }
  /// Without a check, for what has been checked before: a row of our own store.
  init(trusted text: String)
}

extension Identifier {
  public static var maximumBytes: Int { 128 }
  public var description: String { text }

  /// Takes `text` when it is 1 to `maximumBytes` bytes without control characters or a space at an end.
  public init(_ text: String) throws(InvalidIdentifier) {
    let bytes = text.utf8.span
    guard !bytes.isEmpty else { throw InvalidIdentifier(noun: Self.noun, problem: "is empty") }
    guard bytes.count <= Self.maximumBytes else {
      throw InvalidIdentifier(
        noun: Self.noun, problem: "is \(bytes.count) bytes long; \(Self.maximumBytes) are allowed")
    }
    for place in bytes.indices where bytes[place] < 0x20 || bytes[place] == 0x7F {
      throw InvalidIdentifier(noun: Self.noun, problem: "holds a control character")
    }
    guard bytes[0] != 0x20, bytes[bytes.count - 1] != 0x20 else {
      throw InvalidIdentifier(noun: Self.noun, problem: "begins or ends with a space")
    }
    self.init(trusted: text)
  }

  public static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}

/// An identifier that is looked up again and again on its way: its hash is worked out once.
public protocol HashedIdentifier: Identifier {
  /// Of `text`; another one in each process.
  var hash: Int { get }
}

extension HashedIdentifier {
  public static func == (left: Self, right: Self) -> Bool {
    left.hash == right.hash && left.text == right.text
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(hash)
  }
}

/// Why some text cannot be an identifier.
public struct InvalidIdentifier: Error, Equatable, CustomStringConvertible {
  public var noun: String
  public var problem: String

  public init(noun: String, problem: String) {
    self.noun = noun
    self.problem = problem
  }

  public var description: String { "The \(noun) \(problem)." }
}
