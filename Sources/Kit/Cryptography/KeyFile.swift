internal import Glibc

/// Keys in a file that only its owner may read, the newest first; made when it is not there.
public enum KeyFile {
  public struct Failure: Error, Hashable, CustomStringConvertible {
    public var path: String
    public var reason: String
    public var description: String { "the key file \(path) \(reason)" }
  }

  /// Keys that one file may hold: one, and a few more where changing it was cut off.
  static let maximumKeys = 8

  /// The keys in `path`, which holds each as a line of 64 hexadecimal digits.
  public static func load(orCreate path: String) throws(Failure) -> [[UInt8]] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor < 0, errno == ENOENT { return try create(path) }
    guard descriptor >= 0 else { throw Failure(path: path, reason: failure("cannot be read")) }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0 else {
      throw Failure(path: path, reason: failure("cannot be read"))
    }
    guard information.st_mode & 0o077 == 0 else {
      throw Failure(path: path, reason: "may be read by others: set its mode to 0600")
    }
    var buffer = [UInt8](repeating: 0, count: maximumKeys * 65 + 1)
    let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw Failure(path: path, reason: failure("cannot be read")) }
    let lines = String(decoding: buffer.prefix(count), as: UTF8.self)
      .split(whereSeparator: \.isWhitespace)
    let keys = lines.compactMap { Hex.decode(String($0)) }.filter { $0.count == SecretBox.keyBytes }
    guard !keys.isEmpty, keys.count == lines.count, keys.count <= maximumKeys else {
      throw Failure(
        path: path, reason: "does not hold up to \(maximumKeys) lines of 64 hexadecimal digits")
    }
    return keys
  }

  /// Puts `keys` in the place of those that `path` holds; a process that ends on the way leaves the old ones or the new ones.
  static func replace(_ path: String, with keys: [[UInt8]]) throws(Failure) {
    let draft = try draft(of: keys, for: path)
    defer { unlink(draft) }
    guard rename(draft, path) == 0 else {
      throw Failure(path: path, reason: failure("cannot be replaced"))
    }
    try syncFolder(of: path)
  }

  /// The whole file gets its name at once: a process that ends on the way leaves none, or one that can be used.
  private static func create(_ path: String) throws(Failure) -> [[UInt8]] {
    let keys = [SecureRandom.bytes(SecretBox.keyBytes)]
    let draft = try draft(of: keys, for: path)
    defer { unlink(draft) }
    guard link(draft, path) == 0 else {
      // Somebody else was quicker: that key counts.
      if errno == EEXIST { return try load(orCreate: path) }
      throw Failure(path: path, reason: failure("cannot be made"))
    }
    try syncFolder(of: path)
    return keys
  }

  /// The path of a file beside `path` that holds the keys and is durable.
  private static func draft(of keys: [[UInt8]], for path: String) throws(Failure) -> String {
    let draft = "\(path).\(Hex.encode(SecureRandom.bytes(8)))"
    let text = keys.map { Hex.encode($0) + "\n" }.joined()
    do throws(Failure) {
      try write(Array(text.utf8), to: draft, for: path)
    } catch {
      unlink(draft)
      throw error
    }
    return draft
  }

  private static func write(_ text: [UInt8], to draft: String, for path: String) throws(Failure) {
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw Failure(path: path, reason: failure("cannot be made")) }
    defer { close(descriptor) }
    let count = text.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    guard count == text.count, fsync(descriptor) == 0 else {
      throw Failure(path: path, reason: failure("cannot be written"))
    }
  }

  /// A name is durable once its folder is (fsync(2)).
  private static func syncFolder(of path: String) throws(Failure) {
    let end = path.lastIndex(of: "/")
    let folder = end.map { path[...$0] } ?? "."
    let descriptor = open(String(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure(path: path, reason: failure("cannot be kept")) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else {
      throw Failure(path: path, reason: failure("cannot be kept"))
    }
  }

  private static func failure(_ what: String) -> String {
    "\(what): \(String(cString: strerror(errno)))"
  }
}
