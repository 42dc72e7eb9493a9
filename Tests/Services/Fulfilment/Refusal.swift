import Foundation
import RPCCore

/// A folder of a test's own, gone with it.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.path + "/onepool-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}

/// How a call is refused: `NOT_FOUND/ACCOUNT_UNKNOWN accountId=x`; `OK` when it is not.
func refusal<Response>(_ call: () async throws -> Response) async -> String {
  do {
    _ = try await call()
    return "OK"
  } catch let error as RPCError {
    let values = error.metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
    return "\(error.code.name)/\(error.reason)" + values.joined()
  } catch {
    return "\(error)"
  }
}

/// The paths that a call is refused for, in order; the refusal itself when it is another.
func wrongFields<Response>(_ call: () async throws -> Response) async -> String {
  do {
    _ = try await call()
    return "OK"
  } catch let error as RPCError {
    guard error.code == .invalidArgument, error.reason == "INVALID_REQUEST" else {
      return "\(error)"
    }
    return error.violations.map(\.field).joined(separator: " ")
  } catch {
    return "\(error)"
  }
}
