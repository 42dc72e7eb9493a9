internal import Glibc

/// Text that names one thing, checked once at the edge and carried as its own type from there on.
///
/// Two are the same when their bytes are, as they are to a store: a letter and its accent are another name than the letter
/// that has it.
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
    for place in bytes.indices {
      // The second kind of them is U+0080 to U+009F.
      guard bytes[place] >= 0x20, bytes[place] != 0x7F,
        bytes[place] != 0xC2 || bytes[place + 1] >= 0xA0
      else { throw InvalidIdentifier(noun: Self.noun, problem: "holds a control character") }
    }
    guard bytes[0] != 0x20, bytes[bytes.count - 1] != 0x20 else {
      throw InvalidIdentifier(noun: Self.noun, problem: "begins or ends with a space")
    }
    self.init(trusted: text)
  }

  public static func == (left: Self, right: Self) -> Bool { left.text.hasBytes(of: right.text) }

  public static func < (left: Self, right: Self) -> Bool { left.text.comesBefore(right.text) }
}

extension String {
  /// Whether it is the same bytes. For `==` it is enough to be the same letters, however they are put together.
  public func hasBytes(of other: String) -> Bool {
    utf8.count == other.utf8.count && compareBytes(with: other) == 0
  }

  /// Whether it stands before another in the order of their bytes.
  public func comesBefore(_ other: String) -> Bool {
    let order = compareBytes(with: other)
    return order == 0 ? utf8.count < other.utf8.count : order < 0
  }

  /// Of as many bytes as both have.
  private func compareBytes(with other: String) -> Int32 {
    utf8.span.withUnsafeBufferPointer { left in
      other.utf8.span.withUnsafeBufferPointer { right in
        guard let own = left.baseAddress, let others = right.baseAddress else { return 0 }
        return memcmp(own, others, Swift.min(left.count, right.count))
      }
    }
  }
}

/// An identifier that is looked up again and again on its way: its hash is worked out once.
public protocol HashedIdentifier: Identifier {
  /// Of `text`; another one in each process.
  var hash: Int { get }
}

extension HashedIdentifier {
  public static func == (left: Self, right: Self) -> Bool {
    left.hash == right.hash && left.text.hasBytes(of: right.text)
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
