import Glibc

/// Ports that nobody listens on, below those that the system gives to callers: a service that was killed finds its
/// own again.
enum FreePorts {
  static func take(_ count: Int) throws -> [Int] {
    var ports: [Int] = []
    for _ in 0..<1000 where ports.count < count {
      let port = Int.random(in: 15_000..<32_000)
      if !ports.contains(port), isFree(port) { ports.append(port) }
    }
    guard ports.count == count else { throw NotInTime(description: "\(count) free ports") }
    return ports
  }

  /// The first of `count` in a row.
  static func row(_ count: Int) throws -> Int {
    for _ in 0..<1000 {
      let first = Int.random(in: 15_000..<32_000)
      if (first..<first + count).allSatisfy(isFree) { return first }
    }
    throw NotInTime(description: "\(count) free ports in a row")
  }

  private static func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
