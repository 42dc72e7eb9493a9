internal import COpenSSL

/// Why TLS cannot be set up.
public enum TLSError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A file cannot be used as what it is named for, and why.
  case file(String, String)
  /// A certificate and a key that do not belong together: their files.
  case mismatch(certificate: String, key: String)
  /// A name that no server can be asked for.
  case name(String)
  /// OpenSSL cannot be set up.
  case library(String)

  public var description: String {
    switch self {
    case .file(let path, let problem): "\(path) \(problem)"
    case .mismatch(let certificate, let key):
      "the key in \(key) is not that of the certificate in \(certificate)"
    case .name(let name): "\(name) is no name of a server"
    case .library(let problem): "OpenSSL: \(problem)"
    }
  }

  /// What OpenSSL says of the last failure on this thread; the rest of its queue is dropped.
  static func lastProblem() -> String {
    let code = ERR_peek_last_error()
    ERR_clear_error()
    guard code != 0, let text = ERR_reason_error_string(code) else { return "unknown failure" }
    return String(cString: text)
  }
}
