internal import Foundation
internal import Kit
internal import Primitives
internal import RPCCore

/// The operator's program: finds the command and turns its failure into one line and an exit status.
enum Program {
  static let commands: [Command] = [
    [Command.up, Command.demo], StockCommands.all, [ExplainCommand.explain], RuleCommands.all,
    PromotionCommands.all, InboundCommands.all, CountCommands.all, AssortmentCommands.all,
    OrderCommands.all, ListingCommands.all, GatewayCommands.all, CatchUpCommands.all,
    LedgerCommands.all,
  ].flatMap { $0 }

  /// 0 = done, 1 = it did not work, 2 = the proof or check that was asked for failed, 64 = wrong usage.
  static func run(_ arguments: [String]) async -> Int32 {
    guard let name = arguments.first, name != "--help", name != "-h", name != "help" else {
      Output.line(help)
      return arguments.isEmpty ? 64 : 0
    }
    let pair = arguments.prefix(2).joined(separator: " ")
    guard let command = commands.first(where: { $0.name == pair || $0.name == name }) else {
      Output.failure("there is no command \(name); `onepool --help` lists them")
      return 64
    }
    do {
      let given = try Arguments(
        Array(arguments.dropFirst(command.name == name ? 1 : 2)), for: command)
      if given.wantsHelp {
        Output.line(command.help)
        return 0
      }
      return try await command.run(given)
    } catch let error as UsageError {
      Output.failure("\(error.description)\nusage: onepool \(command.name) \(command.usage)")
      return 64
    } catch let exit as Settings.Exit {
      // A whole line already, with the program's name in front.
      Output.failure(String(exit.text.dropFirst("onepool: ".count).dropLast()))
      return exit.status
    } catch let error as RPCError {
      Output.failure("\(error)")
      for violation in error.violations {
        Output.failure("  \(violation.field): \(violation.problem)")
      }
      return 1
    } catch {
      Output.failure("\(error)")
      return 1
    }
  }

  private static var help: String {
    // A usage of several lines is left to the command's own help.
    let calls = commands.map { command in
      command.usage.contains("\n") ? "\(command.name) …" : "\(command.name) \(command.usage)"
    }
    let width = calls.map(\.count).max() ?? 0
    let lines = zip(commands, calls).map { command, call in
      "  \(call.padded(to: width))  \(command.summary)"
    }
    return """
      onepool: one stock pool, sold through every channel

      usage: onepool COMMAND …

      \(lines.joined(separator: "\n"))

      Services are found at ONEPOOL_POOL (127.0.0.1:7001), ONEPOOL_MAPPING (…:7002), ONEPOOL_FULFILMENT (…:7003),
      ONEPOOL_RETURNS (…:7004) and ONEPOOL_GATEWAY (…:8080). With ONEPOOL_TLS_CA, their authorities in a file, they
      are called over TLS; ONEPOOL_TLS_CERTIFICATE and ONEPOOL_TLS_KEY name what is shown to them, ONEPOOL_TOKEN
      is the token that goes with each call, or ONEPOOL_TOKEN_FILE names its file.
      """
  }
}

/// One thing that the program can do.
struct Command: Sendable {
  var name: String
  /// What stands behind the name: `SKU LOCATION N [--actor NAME]`.
  var usage: String
  var summary: String
  /// Options that take a value, by their default; nil for those that are off unless given.
  var options: [String: String?] = [:]
  var run: @Sendable (Arguments) async throws -> Int32

  var help: String { "usage: onepool \(name) \(usage)\n\n\(summary)" }
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
      guard word.hasPrefix("--"), word.count > 2 else {
        positions.append(word)
        continue
      }
      let name = String(word.dropFirst(2))
      if name == "help" {
        flags.insert(name)
      } else if let known = command.options[name] {
        if known == nil {
          flags.insert(name)
        } else if let value = rest.popFirst() {
          options[name] = value
        } else {
          throw UsageError("--\(name) wants a value")
        }
      } else {
        throw UsageError("there is no option --\(name)")
      }
    }
    for (name, value) in command.options where options[name] == nil {
      if let value { options[name] = value }
    }
    self.positions = positions
    self.options = options
    self.flags = flags
    wantsHelp = flags.contains("help")
  }

  /// The word at a position.
  func word(_ index: Int, _ name: String) throws(UsageError) -> String {
    guard index < positions.count else { throw UsageError("\(name) is missing") }
    return positions[index]
  }

  func number(_ index: Int, _ name: String) throws(UsageError) -> Int64 {
    let text = try word(index, name)
    guard let number = Int64(text) else {
      throw UsageError("\(name) is \(text): a number is wanted")
    }
    return number
  }

  func option(_ name: String) -> String { options[name] ?? "" }

  func number(option name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int {
    guard let number = Int(option(name)), range.contains(number) else {
      throw UsageError(
        "--\(name) is \(option(name)): a number from \(range.lowerBound) to \(range.upperBound) is wanted"
      )
    }
    return number
  }

  /// A moment, as `2026-11-25T08:00:00Z`; nil when the option is not given.
  func time(option name: String) throws(UsageError) -> Timestamp? {
    let text = option(name)
    return text.isEmpty ? nil : try Self.time(text)
  }

  static func time(_ text: String) throws(UsageError) -> Timestamp {
    for style in [
      Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true),
    ] {
      guard let date = try? Date(text, strategy: style) else { continue }
      return Timestamp(microseconds: Int64((date.timeIntervalSince1970 * 1e6).rounded()))
    }
    throw UsageError("\(text) is no moment; one looks like 2026-11-25T08:00:00Z")
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
