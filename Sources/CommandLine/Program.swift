internal import Foundation
internal import Kit
internal import Primitives
internal import RPCCore

/// The operator's program: finds the command and turns its failure into one line and an exit status.
enum Program {
  /// Commands by subject, as help lists them.
  static let sections: [(title: String, commands: [Command])] = [
    ("The system", [Command.up, Command.demo]),
    ("Stock", StockCommands.all + [ExplainCommand.explain] + AssortmentCommands.all),
    ("Who may sell what", RuleCommands.all + PromotionCommands.all),
    ("Goods that come and go", InboundCommands.all + CountCommands.all),
    ("Orders", OrderCommands.all + CatchUpCommands.all),
    ("Listings and accounts", ListingCommands.all + AccountCommands.all),
    ("Channels", GatewayCommands.all + ReconcileCommands.all),
    ("The ledger", LedgerCommands.all),
  ]

  static let commands = sections.flatMap(\.commands)

  /// 0 = done, 1 = it did not work, 2 = the proof or check that was asked for failed, 64 = wrong usage.
  static func run(_ arguments: [String]) async -> Int32 {
    var words = arguments
    let wantsHelp = words.first == "help"
    if wantsHelp { words.removeFirst() }
    guard let name = words.first, name != "--help", name != "-h" else {
      Output.line(Help.all)
      return arguments.isEmpty ? 64 : 0
    }
    if name == "--version" || name == "version" {
      Output.line("onepool \(Version.text)")
      return 0
    }
    let pair = words.prefix(2).joined(separator: " ")
    guard let command = commands.first(where: { $0.name == pair || $0.name == name }) else {
      return unknown(name, words.dropFirst().first, wantsHelp)
    }
    if wantsHelp {
      Output.line(command.help)
      return 0
    }
    return await run(command, Array(words.dropFirst(command.name == name ? 1 : 2)))
  }

  private static func run(_ command: Command, _ words: [String]) async -> Int32 {
    do {
      let given = try Arguments(words, for: command)
      if given.wantsHelp {
        Output.line(command.help)
        return 0
      }
      return try await command.run(given)
    } catch let error as UsageError {
      Output.failure("\(error.description)\n\(command.call)")
      return 64
    } catch let exit as Settings.Exit {
      // A whole line already, with the program's name in front.
      Output.failure(String(exit.text.dropFirst("onepool: ".count).dropLast()))
      return exit.status
    } catch let error as RPCError {
      for line in lines(of: error) { Output.failure(line) }
      return 1
    } catch {
      Output.failure("\(error)")
      return 1
    }
  }

  /// What went wrong, and the fields that are wrong where the message does not name them.
  static func lines(of error: RPCError) -> [String] {
    let violations = error.violations.map { "\($0.field): \($0.problem)" }
    let hint =
      error.metadata["expected"] == "TLS"
      ? ["  ONEPOOL_TLS_CA asks over TLS (`onepool --help`)"] : []
    return ["\(error)"] + hint
      + violations.filter { violations.count > 1 || !"\(error)".hasSuffix($0) }.map { "  \($0)" }
  }

  /// There is no such command; a subject alone, or with a wrong verb, gets the list of its verbs.
  private static func unknown(_ name: String, _ verb: String?, _ wantsHelp: Bool) -> Int32 {
    guard let group = Help.group(name) else {
      let guess = Suggestion.question(name, among: commands.map(\.name) + Help.subjects.keys)
      Output.failure("there is no command \(name) (`onepool --help` lists them)\(guess)")
      return 64
    }
    if wantsHelp || verb == "--help" || verb == "-h" {
      Output.line(group)
      return 0
    }
    let verbs = Help.verbs(of: name)
    let problem =
      verb.map { "there is no `\(name) \($0)`\(Suggestion.question($0, among: verbs))" }
      ?? "what to do is missing"
    Output.failure("\(problem)\n\(group)")
    return 64
  }
}

/// One thing that the program can do.
struct Command: Sendable {
  /// A word, or a subject and a verb: `stock`, `po set`.
  var name: String
  /// What stands behind the name: `SKU LOCATION N [--actor NAME]`.
  var usage: String
  var summary: String
  /// What else its help tells.
  var details = ""
  /// So many words may stand behind the name; nil for any number.
  var wordLimit: Int? = 0
  /// Options that take a value, by their default; nil for those that are off unless given.
  var options: [String: String?] = [:]
  var run: @Sendable (Arguments) async throws -> Int32

  var call: String { "usage: onepool \(name) \(usage)".trimmingTrailingSpaces }

  var help: String { "\(call)\n\n\(summary)" + (details.isEmpty ? "" : "\n\n\(details)") }
}

/// The caller's words, sorted into positions and options.
struct Arguments: Sendable {
  let positions: [String]
  private let options: [String: String]
  private let flags: Set<String>
  let wantsHelp: Bool

  init(_ words: [String], for command: Command) throws(UsageError) {
    var positions: [String] = []
    var options: [String: String] = [:]
    var flags: Set<String> = []
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        positions += rest
        break
      }
      guard word.hasPrefix("--") || word == "-h" else {
        positions.append(word)
        continue
      }
      // `--name VALUE` or `--name=VALUE`.
      let parts = word.drop { $0 == "-" }.split(
        separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts.first.map(String.init) ?? ""
      if word == "-h" || name == "help" {
        flags.insert("help")
      } else if let known = command.options[name] {
        if known == nil {
          guard parts.count == 1 else { throw UsageError("--\(name) takes no value") }
          flags.insert(name)
        } else if let value = parts.count > 1 ? String(parts[1]) : rest.popFirst() {
          options[name] = value
        } else {
          throw UsageError("--\(name) wants a value")
        }
      } else {
        let guess = Suggestion.question(name, among: Array(command.options.keys), before: "--")
        throw UsageError("there is no option --\(name)\(guess)")
      }
    }
    wantsHelp = flags.contains("help")
    if let limit = command.wordLimit, positions.count > limit, !wantsHelp {
      throw UsageError("\(positions[limit]) is one word too many")
    }
    for (name, value) in command.options where options[name] == nil {
      if let value { options[name] = value }
    }
    self.positions = positions
    self.options = options
    self.flags = flags
  }

  /// The word at a position.
  func word(_ index: Int, _ name: String) throws(UsageError) -> String {
    guard index < positions.count else { throw UsageError("\(name) is missing") }
    return positions[index]
  }

  func number(_ index: Int, _ name: String) throws(UsageError) -> Int64 {
    let text = try word(index, name)
    guard let number = Int64(text) else {
      throw UsageError("\(name) is \(text): a whole number is wanted")
    }
    return number
  }

  func option(_ name: String) -> String { options[name] ?? "" }

  func number(option name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int {
    guard let number = Int(option(name)), range.contains(number) else {
      throw UsageError(
        "--\(name) is \(option(name)): a whole number from \(range.lowerBound) to \(range.upperBound) is wanted"
      )
    }
    return number
  }

  /// A moment, as `2026-11-25T08:00:00Z`; nil when the option is not given.
  func time(option name: String) throws(UsageError) -> Timestamp? {
    let text = option(name)
    return text.isEmpty ? nil : try Self.time(text, "--\(name)")
  }

  static func time(_ text: String, _ name: String) throws(UsageError) -> Timestamp {
    for isFractional in [false, true] {
      let style = Date.ISO8601FormatStyle(includingFractionalSeconds: isFractional)
      guard let date = try? style.parse(text) else { continue }
      return Timestamp(microseconds: Int64((date.timeIntervalSince1970 * 1e6).rounded()))
    }
    throw UsageError("\(name) is \(text): a time as 2026-11-25T08:00:00Z is wanted")
  }

  /// Nil for an option that is not given.
  func optionalNumber(_ name: String) throws(UsageError) -> Int64? {
    let text = option(name)
    if text.isEmpty { return nil }
    guard let number = Int64(text) else {
      throw UsageError("--\(name) is \(text): a whole number is wanted")
    }
    return number
  }

  /// The choice that an option names, by the words that it may be.
  func choice<Choice>(option name: String, _ choices: [(String, Choice)]) throws(UsageError)
    -> Choice
  {
    try Self.choice(option(name), "--\(name)", choices)
  }

  static func choice<Choice>(
    _ text: String, _ name: String, _ choices: [(String, Choice)]
  ) throws(UsageError) -> Choice {
    guard let found = choices.first(where: { $0.0 == text }) else {
      let words = choices.map(\.0).joined(separator: ", ")
      throw UsageError("\(name) is \(text): one of \(words) is wanted")
    }
    return found.1
  }

  func has(_ flag: String) -> Bool { flags.contains(flag) }
}

struct UsageError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// Something that did not work, in one line.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
