/// One thing that an operator may set, by an environment variable: what it is called, what it means, what
/// is allowed, and how it is read.
public struct Setting<Value: Sendable>: Sendable {
  public let name: String
  public let about: String
  /// As an operator would write it; empty for nothing.
  public let defaultText: String
  /// What is allowed, after "must be": "a whole number from 1 to 64".
  public let allowed: String
  /// Whether it may also be given as a file's path in `<name>_FILE`.
  public let isSecret: Bool
  /// Nil when `text` is not allowed.
  let parse: @Sendable (_ text: String) -> Value?

  public init(
    _ name: String, _ about: String, default defaultText: String, allowed: String,
    isSecret: Bool = false, parse: @escaping @Sendable (_ text: String) -> Value?
  ) {
    precondition(name.hasPrefix(Settings.prefix), "settings begin with \(Settings.prefix)")
    precondition(parse(defaultText) != nil, "the default of \(name) is not allowed by itself")
    self.name = name
    self.about = about
    self.defaultText = defaultText
    self.allowed = allowed
    self.isSecret = isSecret
    self.parse = parse
  }

  /// The same setting with another default.
  public func with(default text: String) -> Setting {
    Setting(name, about, default: text, allowed: allowed, isSecret: isSecret, parse: parse)
  }
}

/// A setting of any type, in a list.
public protocol AnySetting: Sendable {
  var name: String { get }
  var about: String { get }
  var defaultText: String { get }
  var allowed: String { get }
  var isSecret: Bool { get }
  func value(_ text: String) -> (any Sendable)?
}

extension Setting: AnySetting {
  public func value(_ text: String) -> (any Sendable)? { parse(text) }
}
