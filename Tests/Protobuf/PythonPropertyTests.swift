import FixtureAPI
import Protobuf
import Testing

/// Goal: our bytes and our JSON are those of Google's protobuf. Method: random messages, broken bytes and broken JSON
/// go to Python's `protobuf`, which must read the same in them.
@Suite struct PythonPropertyTests {
  static let seed = UInt64.random(in: 0 ... .max)

  @Test func randomMessagesAreTheSameToPython() throws {
    print("seed \(Self.seed)")
    var random = RandomMessages(seed: Self.seed)
    let messages = (0..<600).map { _ in random.any() }
    let answers = try Python.peer("values", messages.map(Self.question))
    for (message, answer) in zip(messages, answers) {
      try Self.check(message, answer)
    }
  }

  private static func question(_ message: any Message) -> PeerQuestion {
    PeerQuestion(
      type: type(of: message).descriptor.fullName, wire: Hex.text(message.serialized()),
      json: String(decoding: message.json(), as: UTF8.self))
  }

  /// Python's bytes are ours; its bytes and both of its ways to write JSON read back as the same value.
  private static func check<Value: Message>(_ message: Value, _ answer: PeerAnswer) throws {
    try #require(answer.problem == nil, "\(answer.problem ?? "") seed \(seed)")
    let bytes = message.serialized()
    #expect(answer.wire == Hex.text(bytes), "\(message)")
    #expect(try Value(serialized: bytes).serialized() == bytes)
    #expect(try Value(json: message.json()).serialized() == bytes)
    for json in answer.jsons ?? [] {
      #expect(try Value(json: Array(json.utf8)).serialized() == bytes, "\(json)")
    }
  }

  @Test func whatWeTakeOfBrokenBytesPythonReadsTheSame() throws {
    print("seed \(Self.seed)")
    var random = RandomMessages(seed: Self.seed)
    var questions: [PeerQuestion] = []
    var refused = 0
    for _ in 0..<6000 {
      let message = random.any()
      if let question = Self.reread(random.broken(message.serialized()), as: message) {
        questions.append(question)
      } else {
        refused += 1
      }
    }
    #expect(questions.count > 300)
    #expect(refused > 300)
    for (question, answer) in zip(questions, try Python.peer("wire", questions)) {
      #expect(answer.problem == nil, "\(question) seed \(Self.seed)")
    }
  }

  /// The bytes and what we make of them; nil when we refuse them.
  private static func reread<Value: Message>(_ bytes: [UInt8], as _: Value) -> PeerQuestion? {
    guard let value = try? Value(serialized: bytes) else { return nil }
    return PeerQuestion(
      type: Value.descriptor.fullName, wire: Hex.text(bytes), json: Hex.text(value.serialized()))
  }

  @Test func whatBothTakeOfBrokenJSONIsTheSame() throws {
    print("seed \(Self.seed)")
    var random = RandomMessages(seed: Self.seed)
    var questions: [PeerQuestion] = []
    var ours: [String?] = []
    for _ in 0..<3000 {
      let message = random.any()
      let json = random.broken(message.json())
      guard let text = String(validating: json, as: UTF8.self) else {
        #expect(Self.read(json, as: message) == nil)
        continue
      }
      ours.append(Self.read(json, as: message))
      questions.append(
        PeerQuestion(type: type(of: message).descriptor.fullName, wire: "", json: text))
    }
    var same = 0
    for ((question, answer), wire) in zip(zip(questions, try Python.peer("json", questions)), ours) {
      guard let wire, let theirs = answer.wire else { continue }
      #expect(wire == theirs, "\(question.json) seed \(Self.seed)")
      same += 1
    }
    #expect(same > 100)
  }

  private static func read<Value: Message>(_ json: [UInt8], as _: Value) -> String? {
    (try? Value(json: json)).map { Hex.text($0.serialized()) }
  }
}
