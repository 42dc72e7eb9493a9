internal import Glibc

/// A key in a file that only its owner may read; made when it is not there.
public enum KeyFile {
  public struct Failure: Error, Hashable, CustomStringConvertible {
    public var path: String
    public var reason: String
    public var description: String { "the key file \(path) \(reason)" }
  }

  /// The 32 bytes in `path`, which holds them as 64 hexadecimal digits.
  public static func load(orCreate path: String) throws(Failure) -> [UInt8] {
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
    var buffer = [UInt8](repeating: 0, count: 128)
    let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    guard count >= 0 else { throw Failure(path: path, reason: failure("cannot be read")) }
    let digits = buffer.prefix(count).prefix { $0 > 0x20 }
    guard let key = Hex.decode(String(decoding: digits, as: UTF8.self)),
      key.count == SecretBox.keyBytes
    else { throw Failure(path: path, reason: "does not hold 64 hexadecimal digits") }
    return key
  }

  /// The whole file gets its name at once: a process that ends on the way leaves none, or one that can be used.
  private static func create(_ path: String) throws(Failure) -> [UInt8] {
    let key = SecureRandom.bytes(SecretBox.keyBytes)
    let draft = "\(path).\(Hex.encode(SecureRandom.bytes(8)))"
    defer { unlink(draft) }
    try write(Array((Hex.encode(key) + "\n").utf8), to: draft, for: path)
    guard link(draft, path) == 0 else {
      // Somebody else was quicker: that key counts.
      if errno == EEXIST { return try load(orCreate: path) }
      throw Failure(path: path, reason: failure("cannot be made"))
    }
    try syncFolder(of: path)
    return key
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
