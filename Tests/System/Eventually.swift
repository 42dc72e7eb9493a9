import Primitives

/// What did not come about in time.
struct NotInTime: Error, CustomStringConvertible {
  let description: String
}

/// A net only, so that a busy machine never fails a test: far longer than anything takes.
let patience = Duration.seconds(120)

/// Looks again and again until `look` finds something.
///
/// - Throws: `NotInTime`, naming `what` and the last thing that was seen, when `limit` is over.
func eventually<Found>(
  _ what: String, within limit: Duration = patience,
  seen: () async -> String = { "" }, _ look: () async throws -> Found?
) async throws -> Found {
  let deadline = Deadline.after(limit)
  while true {
    if let found = try await look() { return found }
    guard !deadline.isPast else {
      throw NotInTime(description: "not within \(limit): \(what) \(await seen())")
    }
    // Between two looks at another process.
    try await Task.sleep(for: .milliseconds(20))
  }
}
