internal import Glibc
internal import StorageCore
internal import Synchronization

/// Holds `<store>.lock`, so that one process at a time owns a store.
///
/// An advisory lock of the kernel's (flock(2)): it ends with the process, however that ends.
final class StoreLock: Sendable {
  private let descriptor: Atomic<Int32>

  init(of path: String) throws(StorageError) {
    let file = path + ".lock"
    let opened = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
    guard opened >= 0 else {
      throw .cannotOpen(path: path, reason: "\(file): \(systemMessage(errno))")
    }
    guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
      let number = errno
      let owner = Self.owner(in: opened)
      close(opened)
      guard number == EWOULDBLOCK else {
        throw .cannotOpen(path: path, reason: "\(file): \(systemMessage(number))")
      }
      throw .inUse(path: path, owner: owner)
    }
    descriptor = Atomic(opened)
    Self.sign(opened)
  }

  deinit {
    release()
  }

  /// Lets another owner in. The store's connections must be closed.
  func release() {
    let held = descriptor.exchange(-1, ordering: .sequentiallyConsistent)
    guard held >= 0 else { return }
    // Closing alone would leave the lock with a child that this process is just starting, until its exec(2).
    flock(held, LOCK_UN)
    close(held)
  }

  /// Leaves the process's number for whoever finds the lock taken; only a hint, so a full disk is no error.
  private static func sign(_ descriptor: Int32) {
    let text = Array("process \(getpid())\n".utf8)
    guard ftruncate(descriptor, 0) == 0 else { return }
    _ = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  private static func owner(in descriptor: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    return String(decoding: buffer.prefix(max(0, count)).prefix { $0 != 10 }, as: UTF8.self)
  }
}
