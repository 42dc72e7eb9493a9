internal import Glibc

/// What tells whether files were changed or replaced since: which ones they are, their sizes and times.
public struct FileStamp: Equatable, Sendable {
  private struct Entry: Equatable {
    var device: UInt64 = 0
    var inode: UInt64 = 0
    var bytes: Int64 = -1
    var seconds = 0
    var nanoseconds = 0
  }

  private let entries: [Entry]

  /// Looks at the files; one that is not there has a stamp too. Follows links.
  public init(_ paths: [String]) {
    entries = paths.map { path in
      var information = stat()
      guard stat(path, &information) == 0 else { return Entry() }
      return Entry(
        device: UInt64(information.st_dev), inode: UInt64(information.st_ino),
        bytes: Int64(information.st_size), seconds: information.st_mtim.tv_sec,
        nanoseconds: information.st_mtim.tv_nsec)
    }
  }
}
