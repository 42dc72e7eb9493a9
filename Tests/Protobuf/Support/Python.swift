import Foundation

/// Runs the Python scripts beside the fixtures. `make test` installs what they import; ONEPOOL_PYTHON names
/// an interpreter that has it already.
enum Python {
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  static let repository = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  static let fixtures = repository.appending(path: "Tests/Fixtures")
  static let descriptors = fixtures.appending(path: "Descriptors/fixtures.binpb")

  private static var interpreter: String {
    if let name = ProcessInfo.processInfo.environment["ONEPOOL_PYTHON"] { return name }
    let venv = repository.appending(path: ".build/venv/bin/python3").path
    return FileManager.default.isExecutableFile(atPath: venv) ? venv : "python3"
  }

  /// Runs a script with `input` as its standard input and returns its standard output. Suspends meanwhile: other
  /// tests need the thread.
  static func run(_ script: String, _ arguments: [String], input: Data = Data()) async throws
    -> Data
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let inputFile = folder.appending(path: "input")
    let outputFile = folder.appending(path: "output")
    try input.write(to: inputFile)
    try Data().write(to: outputFile)
    let process = Process()
    let command = [interpreter, fixtures.appending(path: "Python/\(script)").path] + arguments
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = FileHandle.standardError
    try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
      process.terminationHandler = { _ in ended.resume() }
      do {
        try process.run()
      } catch {
        process.terminationHandler = nil
        ended.resume(throwing: error)
      }
    }
    guard process.terminationStatus == 0 else {
      throw Failure(
        description:
          "\(command) ended with \(process.terminationStatus); `make test` installs what it imports"
      )
    }
    return try Data(contentsOf: outputFile)
  }
}

/// One line to `peer.py`.
struct PeerQuestion: Codable {
  var type: String
  var wire: String
  var json: String
}

/// One line from `peer.py`.
struct PeerAnswer: Codable {
  var problem: String?
  var wire: String?
  var jsons: [String]?
}

extension Python {
  static func peer(_ mode: String, _ questions: [PeerQuestion]) async throws -> [PeerAnswer] {
    let encoder = JSONEncoder()
    var input = Data()
    for question in questions { input += try encoder.encode(question) + [0x0A] }
    let output = try await run("peer.py", [descriptors.path, mode], input: input)
    let answers = try output.split(separator: 0x0A)
      .map { try JSONDecoder().decode(PeerAnswer.self, from: $0) }
    guard answers.count == questions.count else {
      throw Failure(description: "\(answers.count) answers to \(questions.count) questions")
    }
    return answers
  }
}

/// Bytes as two hexadecimal digits each.
enum Hex {
  static func text(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Spaces are for the reader.
  static func bytes(_ text: String) -> [UInt8] {
    let digits = text.filter { $0 != " " }.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
      UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
  }
}
