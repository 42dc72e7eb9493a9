/// Names and values that go along with a call, in order; a name may occur more than once.
///
/// Names are lower case. A name that ends in `-bin` carries bytes, which travel as base64
/// (grpc/grpc `doc/PROTOCOL-HTTP2.md`, Custom-Metadata).
public struct Metadata: Sendable, Equatable {
  public struct Entry: Sendable, Equatable {
    public var name: String
    public var value: String
  }

  public private(set) var entries: [Entry] = []

  public init() {}

  public var isEmpty: Bool { entries.isEmpty }

  /// The first value of a name, as it travels.
  public subscript(name: String) -> String? {
    entries.first { $0.name == name }?.value
  }

  /// Adds a text value. The name is put in lower case.
  public mutating func add(_ name: String, _ value: String) {
    entries.append(Entry(name: name.lowercased(), value: value))
  }

  /// Adds all entries of `more`.
  public mutating func add(_ more: Metadata) {
    entries.append(contentsOf: more.entries)
  }

  /// Adds bytes under a name that ends in `-bin`.
  public mutating func add(_ name: String, bytes: [UInt8]) {
    // By bytes: a mark that joins what follows, such as U+0601, makes another character of the dash.
    precondition(
      name.utf8.suffix(4).elementsEqual("-bin".utf8),
      "bytes travel under a name that ends in -bin")
    add(name, Base64Codec.encode(bytes))
  }

  /// The bytes of the first value of a `-bin` name; nil when it is missing or is not base64.
  ///
  /// Several values of one name may have been joined by commas on the way (`doc/PROTOCOL-HTTP2.md`).
  public func bytes(_ name: String) -> [UInt8]? {
    self[name].flatMap { value in
      Base64Codec.decode(String(value.prefix { $0 != "," }))
    }
  }
}

extension Metadata: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral elements: (String, String)...) {
    for (name, value) in elements { add(name, value) }
  }
}
