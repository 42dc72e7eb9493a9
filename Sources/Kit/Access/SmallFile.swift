internal import Foundation

/// A file that is read whole.
enum SmallFile {
  /// Its bytes; nil when it cannot be read, or has more than `maximumBytes`.
  static func read(_ path: String, maximumBytes: Int) -> [UInt8]? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    // A file that is read is closed with its handle; the bytes are had by then.
    defer { try? file.close() }
    guard let data = try? file.read(upToCount: maximumBytes + 1), data.count <= maximumBytes
    else { return nil }
    return [UInt8](data)
  }
}
