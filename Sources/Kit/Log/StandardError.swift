internal import Glibc

/// Where log lines and the reason of a failed start go.
enum StandardError {
  static func write(_ bytes: [UInt8]) { write(bytes, to: STDERR_FILENO) }

  /// Writes all of `bytes`; a reader that has gone away is nothing that could be told to anybody.
  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes { buffer in
        Glibc.write(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      offset += count
    }
  }
}
