import Foundation
import Synchronization

/// Where the programs lie that the tests start.
enum Programs {
  /// Beside the tests' own, unless ONEPOOL_BIN names another folder.
  static let folder: URL =
    if let named = ProcessInfo.processInfo.environment["ONEPOOL_BIN"] {
      URL(filePath: named)
    } else {
      URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

  static let repository = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The Python that `make install` has made; ONEPOOL_PYTHON names another.
  static let python: URL =
    if let named = ProcessInfo.processInfo.environment["ONEPOOL_PYTHON"] {
      URL(filePath: named)
    } else {
      repository.appending(path: ".build/venv/bin/python")
    }

  /// Whether clients in Python can run; in CI what is missing is a failure, not a reason to skip.
  static let hasPython =
    ProcessInfo.processInfo.environment["CI"] == "true"
    || FileManager.default.isExecutableFile(atPath: python.path)

  static func url(_ name: String) -> URL { folder.appending(path: name) }
}

/// A folder of a test's own, removed with it.
final class TemporaryFolder: Sendable {
  let url: URL
  private let isKept = Mutex(false)
  var path: String { url.path }

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "onepool-system-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  /// Leaves it where it is, for whoever looks into a failure.
  func keep() { isKept.withLock { $0 = true } }

  deinit {
    if isKept.withLock({ $0 }) { return }
    try? FileManager.default.removeItem(at: url)
  }
}
