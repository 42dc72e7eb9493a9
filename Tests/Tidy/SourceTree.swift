import Foundation

/// The repository as it lies on disk, found from where this file was compiled.
struct SourceTree {
  static let root: URL = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Every file of text that people or generators write, in the order of paths.
  let files: [SourceFile]
  /// Names at the top.
  let entries: [String]

  static let shared = Result { try SourceTree() }

  init() throws {
    entries = try FileManager.default.contentsOfDirectory(atPath: Self.root.path).sorted()
    var files: [SourceFile] = []
    for folder in ["Sources", "Tests", "Protos", "Deploy", ".ci"] {
      files += try Self.files(under: folder)
    }
    for name in entries where Self.isText(name) { files.append(try Self.read(name)) }
    self.files = files
  }

  var swift: [SourceFile] { files.filter { $0.path.hasSuffix(".swift") } }
  var written: [SourceFile] { files.filter { !$0.isGenerated } }

  private static let extensions: Set<String> = [
    "swift", "h", "c", "modulemap", "proto", "md", "py", "sh", "sql", "yaml", "yml", "service",
    "env",
    "txt", "json", "conf", "",
  ]

  private static func isText(_ name: String) -> Bool {
    var isFolder: ObjCBool = false
    let path = root.appending(path: name).path
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
    return !isFolder.boolValue && extensions.contains((name as NSString).pathExtension)
  }

  private static func files(under folder: String) throws -> [SourceFile] {
    let base = root.appending(path: folder).path
    guard FileManager.default.fileExists(atPath: base) else { return [] }
    return try FileManager.default.subpathsOfDirectory(atPath: base).sorted()
      .filter { !$0.contains("__pycache__") }
      .map { "\(folder)/\($0)" }.filter(isText).map(read)
  }

  private static func read(_ path: String) throws -> SourceFile {
    let data = try Data(contentsOf: root.appending(path: path))
    return SourceFile(path, String(decoding: data, as: UTF8.self))
  }
}
