internal import Foundation

/// Makes the commands about one kind of document: their first word is its ID, and each call has a request ID.
struct DocumentCommand<Client, Outcome>: Sendable {
  typealias Run =
    @Sendable (Client, _ id: String, Arguments, _ request: String) async throws
    -> Outcome

  /// The word in front of the verb: `po`.
  let noun: String
  let client: @Sendable (Peers) -> Client
  /// Says what came of it, and makes the exit status of it.
  let end: @Sendable (Outcome) -> Int32

  func callAsFunction(
    _ verb: String, _ usage: String, _ summary: String, details: String = "", wordLimit: Int? = 1,
    options: [String: String?] = [:], _ run: @escaping Run
  ) -> Command {
    Command(
      name: "\(noun) \(verb)", usage: usage, summary: summary, details: details,
      wordLimit: wordLimit, options: options
    ) { arguments in
      let id = try arguments.word(0, "ID")
      let peers = try Peers.fromEnvironment()
      return end(try await run(client(peers), id, arguments, UUID().uuidString))
    }
  }
}
