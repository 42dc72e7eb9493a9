import Dispatch
import Glibc

/// One request as bytes over a connection of its own, and what comes back: what no client would send.
enum RawConnection {
  struct Answer: Sendable {
    /// 0 when the connection was closed without one.
    var status: Int
    var head: String
    var body: String
  }

  /// - Parameters:
  ///   - address: `127.0.0.1:7001`.
  ///   - seconds: how long an answer is waited for; 0 to hang up once all is sent.
  static func send(_ bytes: [UInt8], to address: String, seconds: Int = 60) async -> Answer {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(returning: parsed(exchange(bytes, address, seconds)))
      }
    }
  }

  static func request(
    _ method: String, _ target: String, type: String = "application/json", body: [UInt8] = [],
    length: Int? = nil
  ) -> [UInt8] {
    let head = [
      "\(method) \(target) HTTP/1.1", "host: localhost", "content-type: \(type)",
      "content-length: \(length ?? body.count)", "connection: close",
    ]
    return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
  }

  private static func exchange(
    _ bytes: [UInt8], _ address: String, _ seconds: Int
  ) -> [UInt8] {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    // A server that never answers is a failed test and not one that hangs.
    var patience = timeval(tv_sec: max(1, seconds), tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
    guard isConnected(descriptor, address) else { return [] }
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      // It has seen enough: its answer may be there all the same.
      guard count > 0 else { break }
      sent += count
    }
    var found: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while seconds > 0, found.count < 16 << 20 {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0 else { break }
      found += buffer[..<count]
    }
    return found
  }

  private static func isConnected(_ descriptor: Int32, _ text: String) -> Bool {
    let parts = text.split(separator: ":")
    guard parts.count == 2, let port = in_port_t(parts[1]) else { return false }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr(String(parts[0]))
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  private static func parsed(_ bytes: [UInt8]) -> Answer {
    let text = String(decoding: bytes, as: UTF8.self)
    // One character in Swift.
    let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
    let end = lines.firstIndex(of: "") ?? lines.endIndex
    let words = lines.first?.split(separator: " ") ?? []
    return Answer(
      status: words.count > 1 ? Int(words[1]) ?? 0 : 0,
      head: lines[..<end].joined(separator: "\n").lowercased(),
      body: lines[min(end + 1, lines.endIndex)...].joined(separator: "\n"))
  }
}
