import Foundation
import Synchronization

/// A program that a test has started, with all that it writes.
///
/// Sendable: `process` is made and run in `init`; what is used of it later may be used from any thread.
final class ServiceProcess: @unchecked Sendable {
  let name: String
  private let process: Process
  private let logFile: URL

  /// - Parameter environment: all that the program sees.
  init(
    _ program: URL, arguments: [String] = [], environment: [String: String], log: URL
  ) throws {
    name = program.lastPathComponent
    logFile = log
    process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    let output = try FileHandle(forWritingTo: log)
    process.standardOutput = output
    process.standardError = output
    try process.run()
    try output.close()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  var isRunning: Bool { process.isRunning }
  var identifier: Int32 { process.processIdentifier }

  /// All that it has written so far.
  var log: String { (try? String(contentsOf: logFile, encoding: .utf8)) ?? "" }

  var lines: [String] { log.split(separator: "\n").map(String.init) }

  private func lastWords() async -> String { lines.suffix(5).joined(separator: "\n") }

  func signal(_ number: Int32) {
    kill(process.processIdentifier, number)
  }

  /// Waits for its end: the exit status, or the signal's number negated.
  func status(within limit: Duration = patience) async throws -> Int32 {
    try await eventually("the end of \(name)", within: limit, seen: lastWords) {
      guard !process.isRunning else { return nil }
      let status = process.terminationStatus
      return process.terminationReason == .exit ? status : -status
    }
  }

  static let serving = "message=serving"
  static let standingBy = "message=\"standing by\""

  /// Waits until it serves, or says something else that goes with it, and returns its address.
  func address(
    saying message: String = serving, within limit: Duration = patience
  ) async throws -> String {
    try await eventually("\(name) \(message)", within: limit, seen: lastWords) {
      if let line = lines.last(where: { $0.contains(message) }) {
        let field = line.split(separator: " ").first { $0.hasPrefix("address=") }
        return field.map { String($0.dropFirst("address=".count)) }
      }
      guard process.isRunning else { throw NotInTime(description: "\(name) ended: \(log)") }
      return nil
    }
  }
}
