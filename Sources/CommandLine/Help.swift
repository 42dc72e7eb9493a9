/// What `--help` shows of the program and of a subject with several verbs.
enum Help {
  /// Words that stand before a verb, and what they are about.
  static let subjects = [
    "promotion": "units kept for channels in a window of time",
    "po": "purchase orders: what suppliers send",
    "transfer": "units on their way from one location to another",
    "count": "stock counts: who counts sees the sheet, who approves sees the books",
    "ledger": "every movement of stock, each row chained to the one before",
  ]

  static func verbs(of subject: String) -> [String] {
    Program.commands.compactMap { command in
      let words = command.name.split(separator: " ")
      return words.count == 2 && words[0] == subject ? String(words[1]) : nil
    }
  }

  /// Nil for what is no subject.
  static func group(_ subject: String) -> String? {
    guard let about = subjects[subject] else { return nil }
    let commands = Program.commands.filter { $0.name.hasPrefix("\(subject) ") }
    return """
      usage: onepool \(subject) VERB …

      \(about)

      \(rows(commands.map { ($0.name, $0.summary) }))

      `onepool \(subject) VERB --help` tells more of one.
      """
  }

  static var all: String {
    let sections = Program.sections.map { title, commands in
      var seen: Set<String> = []
      let entries = commands.compactMap { command -> (String, String)? in
        let subject = command.name.split(separator: " ").first.map(String.init) ?? ""
        guard let about = subjects[subject] else { return (command.name, command.summary) }
        return seen.insert(subject).inserted ? ("\(subject) …", about) : nil
      }
      return "\(title)\n\(rows(entries))"
    }
    return """
      onepool: one stock pool, sold through every channel

      usage: onepool COMMAND …      `onepool COMMAND --help` tells how to call one

      \(sections.joined(separator: "\n\n"))

      Services are found at ONEPOOL_POOL (127.0.0.1:7001), ONEPOOL_MAPPING (…:7002), ONEPOOL_FULFILMENT (…:7003),
      ONEPOOL_RETURNS (…:7004) and ONEPOOL_GATEWAY (…:8080). With ONEPOOL_TLS_CA, their authorities in a file, they
      are called over TLS; ONEPOOL_TLS_CERTIFICATE and ONEPOOL_TLS_KEY name what is shown to them, ONEPOOL_TOKEN
      is the token that goes with each call, or ONEPOOL_TOKEN_FILE names its file.

      The exit status is 0 when it is done, 1 when it did not work, 2 when the proof or check that was asked for
      failed, 64 when the call was wrong.
      """
  }

  private static func rows(_ entries: [(name: String, about: String)]) -> String {
    let width = max(15, entries.map(\.name.count).max() ?? 0)
    return entries.map { "  \($0.name.padded(to: width))  \($0.about)" }.joined(separator: "\n")
  }
}
