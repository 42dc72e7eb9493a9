public import RPCCore

/// Where a list goes on: the key of the last item that was sent, opaque to the caller (AIP-158).
///
/// A token belongs to one method and one set of filters; with others it is refused.
public struct PageToken: Hashable, Sendable {
  /// A longer token is not ours, in bytes of base64.
  static let maximumBytes = 4096
  private static let separator: UInt8 = 0

  /// The parts of the key, in the order of the list's sorting. Without a NUL.
  public var parts: [String]

  public init(_ parts: [String]) {
    self.parts = parts
  }

  public init(_ parts: String...) {
    self.parts = parts
  }

  /// - Parameter scope: what the list shows: the method's name and its filters.
  public func encoded(scope: String) -> String {
    precondition(!parts.contains { $0.utf8.contains(Self.separator) }, "keys hold no NUL")
    let body = Array(([Self.mark(scope)] + parts).joined(separator: "\0").utf8)
    return Base64.encodeForURL(body)
  }

  /// Nil for an empty token: the first page.
  ///
  /// - Throws: INVALID_ARGUMENT/PAGE_TOKEN_INVALID for one that is damaged, of another list, or has not
  ///   `partCount` parts.
  public static func decode(
    _ token: String, scope: String, partCount: Int
  ) throws(RPCError) -> PageToken? {
    guard !token.isEmpty else { return nil }
    guard token.utf8.count <= maximumBytes, let bytes = Base64.decodeFromURL(token),
      let text = String(validating: bytes, as: UTF8.self)
    else { throw refused() }
    let parts = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == partCount + 1, parts[0] == mark(scope) else { throw refused() }
    return PageToken(Array(parts.dropFirst()))
  }

  /// A part that is a whole number from 0.
  ///
  /// - Throws: as `decode` does, for a part that is not.
  public func number(_ index: Int) throws(RPCError) -> Int64 {
    guard let number = Int64(parts[index]), number >= 0 else { throw Self.refused() }
    return number
  }

  private static func mark(_ scope: String) -> String {
    Hex.encode(SHA256.hash(scope).prefix(4))
  }

  private static func refused() -> RPCError {
    let problem = "It is not the next_page_token of a call with the same fields."
    return RPCError(
      .invalidArgument, "PAGE_TOKEN_INVALID", "page_token: \(problem)", ["field": "page_token"],
      violations: [RPCError.FieldViolation(field: "page_token", problem: problem)])
  }
}

/// How many items a page has.
public enum PageSize {
  public static let standard = 50
  public static let maximum = 1000

  /// 0 means `standard`, more than `maximum` means `maximum`; a negative one is INVALID_ARGUMENT.
  public static func clamped(
    _ requested: Int32, standard: Int = standard, maximum: Int = maximum
  ) throws(RPCError) -> Int {
    guard requested >= 0 else {
      let problem = "It is \(requested); 0 to \(maximum) is allowed."
      throw RPCError(
        .invalidArgument, "INVALID_REQUEST", "page_size: \(problem)", ["field": "page_size"],
        violations: [RPCError.FieldViolation(field: "page_size", problem: problem)])
    }
    return requested == 0 ? standard : min(Int(requested), maximum)
  }
}

/// One page of a list.
public struct Page<Item> {
  public var items: [Item]
  /// Empty at the end.
  public var nextToken: String

  /// - Parameter found: up to one item more than the page takes, which shows that there is a next page.
  public init(_ found: [Item], size: Int, scope: String, key: (Item) -> PageToken) {
    items = Array(found.prefix(size))
    if found.count > size, let last = items.last {
      nextToken = key(last).encoded(scope: scope)
    } else {
      nextToken = ""
    }
  }
}

extension Page: Sendable where Item: Sendable {}
