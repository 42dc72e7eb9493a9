import FixtureAPI
import Protobuf
import Testing

/// Goal: our bytes and our JSON are those of Google's protobuf. Method: random messages, broken bytes and broken JSON
/// go to Python's `protobuf`, which must read the same in them.
@Suite struct PythonPropertyTests {
  static let seed = UInt64.random(in: 0 ... .max)

  @Test func randomMessagesAreTheSameToPython() async throws {
    print("seed \(Self.seed)")
    var random = RandomMessages(seed: Self.seed)
    let messages = (0..<600).map { _ in random.any() }
    let answers = try await Python.peer("values", messages.map(Self.question))
    for (message, answer) in zip(messages, answers) {
      try Self.check(message, answer)
    }
  }

  private static func question(_ message: any Message) -> PeerQuestion {
    PeerQuestion(
      type: type(of: message).descriptor.fullName, wire: Hex.text(message.serialized()),
      json: String(decoding: message.json(), as: UTF8.self))
  }

  /// Python's bytes are ours, and they and both of its ways to write JSON read back as the same value.
  private static func check<Value: Message>(_ message: Value, _ answer: PeerAnswer) throws {
    try #require(answer.problem == nil, "\(answer.problem ?? "") seed \(seed)")
    let bytes = message.serialized()
    let theirs = try #require(answer.wire)
    // The order of a map's entries, and whether an entry's zero is written, is each library's own.
    #expect(theirs == Hex.text(bytes) || message is Maps, "\(message)")
    #expect(try Value(serialized: Hex.bytes(theirs)).serialized() == bytes)
    #expect(try Value(serialized: bytes).serialized() == bytes)
    #expect(try Value(json: message.json()).serialized() == bytes)
    for json in answer.jsons ?? [] {
      #expect(try Value(json: Array(json.utf8)).serialized() == bytes, "\(json)")
    }
  }

  @Test func whatWeTakeOfBrokenBytesPythonReadsTheSame() async throws {
    print("seed \(Self.seed)")
    var random = RandomMessages(seed: Self.seed)
    var questions: [PeerQuestion] = []
    var refused = 0
    for _ in 0..<6000 {
      let message = random.any()
      if let question = Self.reread(random.broken(message.serialized()), as: message) {
        // An entry with a field that maps do not have is none to Google's, and one to protobuf-c.
        if !(message is Maps) { questions.append(question) }
      } else {
        refused += 1
      }
    }
    #expect(questions.count > 300)
    #expect(refused > 300)
    for (question, answer) in zip(questions, try await Python.peer("wire", questions)) {
      #expect(answer.problem == nil, "\(question) seed \(Self.seed)")
    }
  }

  /// The bytes and what we make of them; nil when we refuse them.
  private static func reread<Value: Message>(_ bytes: [UInt8], as _: Value) -> PeerQuestion? {
    guard let value = try? Value(serialized: bytes) else { return nil }
    return PeerQuestion(
      type: Value.descriptor.fullName, wire: Hex.text(bytes), json: Hex.text(value.serialized()))
  }

  @Test func whatBothTakeOfBrokenJSONIsTheSame() async throws {
    print("seed \(Self.seed)")
    var random = RandomMessages(seed: Self.seed)
    var questions: [PeerQuestion] = []
    for _ in 0..<4000 {
      let message = random.any()
      let json = random.broken(message.json(), changes: 1)
      guard let wire = Self.read(json, as: message) else { continue }
      questions.append(
        PeerQuestion(
          type: type(of: message).descriptor.fullName, wire: wire,
          json: String(decoding: json, as: UTF8.self)))
    }
    let answers = try await Python.peer("json", questions)
    for (question, answer) in zip(questions, answers) {
      #expect(answer.problem == nil, "\(question.json) seed \(Self.seed)")
    }
    #expect(answers.count { $0.wire != nil } > 200)
  }

  private static func read<Value: Message>(_ json: [UInt8], as _: Value) -> String? {
    (try? Value(json: json)).map { Hex.text($0.serialized()) }
  }
}
