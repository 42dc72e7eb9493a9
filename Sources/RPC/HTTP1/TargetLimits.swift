internal import RPCCore

/// What of a request's target libmicrohttpd has room for. It takes queries apart, needed or not, in the connection's memory; where that
/// is not enough it sends no answer and waits (0.9.75), so what would not fit is refused before.
enum TargetLimits {
  /// A connection's memory, in bytes; at first half of it holds what is read.
  static let connectionBytes = 32 << 10
  /// What a parameter takes of it: `struct MHD_HTTP_Req_Header`.
  static let parameterBytes = 64
  /// What the rest of the request line, and of what has been read with it, may take.
  static let spareBytes = 2 << 10
  static let parameters = connectionBytes / 2 / parameterBytes

  static func fits(_ target: String) -> Bool {
    let target = target.utf8
    guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return true }
    let count = target[mark...].reduce(1) { $1 == UInt8(ascii: "&") ? $0 + 1 : $0 }
    return count <= parameters
      && count * parameterBytes + target.count + spareBytes <= connectionBytes
  }
}
