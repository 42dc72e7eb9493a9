internal import Foundation

/// What an operator has set, read and checked once at start.
public struct Settings: Sendable {
  public static let prefix = "ONEPOOL_"

  /// Ends the process before it has begun: with a text for the operator and an exit status.
  public struct Exit: Error, Hashable {
    /// 0 for what was asked for (`--help`); 64 (EX_USAGE of sysexits.h) for a wrong setting.
    public var status: Int32
    public var text: String
  }

  public static let usageStatus: Int32 = 64

  /// The program's name: `onepool-pool`.
  public let program: String
  private let values: [String: any Sendable]
  /// Variables that begin as ours do and that nobody reads: most likely misspelt.
  public let unknownNames: [String]

  /// The value of a setting that the program declared.
  public subscript<Value>(_ setting: Setting<Value>) -> Value {
    guard let value = values[setting.name] as? Value else {
      preconditionFailure("\(setting.name) is not declared by \(program)")
    }
    return value
  }

  /// Reads what `declared` lists.
  ///
  /// - Parameters:
  ///   - arguments: without the program's own name.
  ///   - others: variables that other programs read: names, and beginnings such as `ONEPOOL_GATEWAY_`.
  /// - Throws: `Exit` for `--help`, `--version`, an unknown argument, and the first wrong value.
  public init(
    program: String, about: String, version: String, declared: [any AnySetting],
    environment: [String: String], arguments: [String], others: [String] = []
  ) throws(Exit) {
    if let argument = arguments.first {
      throw Self.answer(
        argument, program: program, about: about, version: version, declared: declared)
    }
    var values: [String: any Sendable] = [:]
    var known: Set<String> = []
    for setting in declared {
      precondition(known.insert(setting.name).inserted, "\(setting.name) is declared twice")
      if setting.isSecret { known.insert(setting.name + "_FILE") }
      values[setting.name] = try Self.read(setting, environment, program)
    }
    self.program = program
    self.values = values
    unknownNames = environment.keys.filter { name in
      name.hasPrefix(Self.prefix) && !known.contains(name)
        && !others.contains { $0.hasSuffix("_") ? name.hasPrefix($0) : name == $0 }
    }.sorted()
  }

  private static func read(
    _ setting: any AnySetting, _ environment: [String: String], _ program: String
  ) throws(Exit) -> any Sendable {
    let text = try secretFile(setting, environment, program) ?? environment[setting.name]
    guard let value = setting.value(text ?? setting.defaultText) else {
      let shown = setting.isSecret ? "not allowed" : "\"\(plain(text ?? ""))\""
      throw refusal(program, "\(setting.name) is \(shown): must be \(setting.allowed)")
    }
    return value
  }

  private static func secretFile(
    _ setting: any AnySetting, _ environment: [String: String], _ program: String
  ) throws(Exit) -> String? {
    let name = setting.name + "_FILE"
    guard setting.isSecret, let path = environment[name] else { return nil }
    guard environment[setting.name] == nil else {
      throw refusal(program, "\(setting.name) and \(name) are both set: set one of them")
    }
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw refusal(program, "\(name) is \"\(plain(path))\": must be a file that can be read")
    }
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// Ends the start: something that was set is wrong.
  func refusal(_ text: String) -> Exit { Self.refusal(program, Self.plain(text, atMost: 1000)) }

  private static func refusal(_ program: String, _ text: String) -> Exit {
    Exit(status: usageStatus, text: "\(program): \(text)\n")
  }

  /// One line, whatever was set.
  private static func plain(_ text: String, atMost count: Int = 200) -> String {
    String(
      text.prefix(count).map { $0.isNewline || $0.asciiValue.map { $0 < 0x20 } ?? false ? " " : $0 }
    )
  }

  private static func answer(
    _ argument: String, program: String, about: String, version: String,
    declared: [any AnySetting]
  ) -> Exit {
    switch argument {
    case "--help", "-h": Exit(status: 0, text: help(program, about, declared))
    case "--version": Exit(status: 0, text: "\(program) \(version)\n")
    default: refusal(program, "unknown argument \"\(plain(argument))\": try --help")
    }
  }

  private static func help(
    _ program: String, _ about: String, _ declared: [any AnySetting]
  ) -> String {
    var text = "\(program): \(about)\n\nusage: \(program) [--help | --version]\n\n"
    text += "Settings are environment variables:\n\n"
    let width = declared.map { $0.name.utf8.count + ($0.isSecret ? 7 : 0) }.max() ?? 0
    let margin = String(repeating: " ", count: width + 4)
    for setting in declared {
      let name = setting.name + (setting.isSecret ? "[_FILE]" : "")
      text += "  " + name + String(repeating: " ", count: width - name.utf8.count + 2)
      text += setting.about + "\n" + margin
      text += setting.allowed
      text +=
        setting.defaultText.isEmpty
        ? "; not set by default\n" : "; default \(setting.defaultText)\n"
    }
    return text
  }
}
