internal import CLinux
internal import Glibc

/// A host and a port, as settings name them: `127.0.0.1:7001`, `[::1]:7001`, `pool:7001`.
struct HostPort: Sendable, Equatable {
  var host: String
  var port: UInt16

  init(_ text: String) throws(TransportError) {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...])
    else { throw .address(text) }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      throw .address(text)
    }
    guard !host.isEmpty else { throw .address(text) }
    self.host = host
    self.port = port
  }

  /// As it is written: an IPv6 address stands in brackets.
  var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// A list such as `10.0.0.1:7001,10.0.0.2:7001`.
  static func list(_ text: String) throws(TransportError) -> [HostPort] {
    var targets: [HostPort] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      targets.append(try HostPort(String(part)))
    }
    return targets
  }
}

/// An address that a socket can be bound or connected to.
struct SocketAddress: @unchecked Sendable {
  // Sendable: plain bytes.
  var storage = sockaddr_storage()
  var length: socklen_t = 0

  var family: Int32 { Int32(storage.ss_family) }

  func with<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  /// Whether only this machine reaches it: 127.0.0.0/8 (RFC 1122, 3.2.1.3) and ::1 (RFC 4291, 2.5.3).
  var isLoopback: Bool {
    with { address, _ in
      let raw = UnsafeRawPointer(address)
      switch family {
      case AF_INET:
        let number = raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
        return UInt32(bigEndian: number) >> 24 == 127
      case AF_INET6:
        var number = raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr
        return withUnsafeBytes(of: &number) { $0.dropLast().allSatisfy { $0 == 0 } && $0.last == 1 }
      default: return false
      }
    }
  }

  /// `address:port`, or `[address]:port` for IPv6.
  var text: String {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    let result = with { address, length in
      getnameinfo(
        address, length, &host, socklen_t(host.count), &service, socklen_t(service.count),
        NI_NUMERICHOST | NI_NUMERICSERV)
    }
    guard result == 0 else { return "unknown" }
    let name = String(
      decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let port = String(
      decoding: service.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return family == AF_INET6 ? "[\(name)]:\(port)" : "\(name):\(port)"
  }

  static func local(of descriptor: Int32) -> SocketAddress {
    var address = SocketAddress()
    address.length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &address.storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &address.length)
      }
    }
    if result != 0 { address.length = 0 }
    return address
  }

  /// Every address of a name, in the resolver's order. Blocks: call it away from the loops.
  static func resolve(_ target: HostPort, passive: Bool) -> [SocketAddress] {
    look(up: target, passive ? AI_PASSIVE : 0)
  }

  /// An address that needs no resolver; nil for a name.
  static func numeric(_ target: HostPort) -> SocketAddress? {
    look(up: target, AI_NUMERICHOST).first
  }

  private static func look(up target: HostPort, _ flags: Int32) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = flags | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(target.host, "\(target.port)", &hints, &list) == 0 else { return [] }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var entry = list
    while let current = entry {
      var address = SocketAddress()
      address.length = current.pointee.ai_addrlen
      memcpy(&address.storage, current.pointee.ai_addr, Int(current.pointee.ai_addrlen))
      addresses.append(address)
      entry = current.pointee.ai_next
    }
    return addresses
  }
}

enum Sockets {
  /// Small packets go out at once: the loop gathers them itself.
  static func setNoDelay(_ descriptor: Int32) {
    var one: Int32 = 1
    _ = setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  /// The kernel ends a connection whose peer acknowledges nothing, or takes nothing, for so long (TCP_USER_TIMEOUT,
  /// tcp(7)).
  static func setPatience(_ descriptor: Int32, seconds: Int) {
    var milliseconds = UInt32(clamping: seconds * 1000)
    _ = setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &milliseconds,
      socklen_t(MemoryLayout<UInt32>.size))
  }

  /// Closes a socket, but first takes some of what the peer has sent: bytes that are unread make the kernel send a reset,
  /// which may overtake the last words to the peer.
  static func closeReading(_ descriptor: Int32) {
    _ = shutdown(descriptor, Int32(SHUT_WR))
    withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { buffer in
      for _ in 0..<64 {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { break }
      }
    }
    close(descriptor)
  }

  /// A listening socket, and where it listens.
  ///
  /// - Parameter anywhere: whether addresses are served that other machines reach.
  static func listen(
    on target: HostPort, anywhere: Bool
  ) throws(TransportError) -> (Int32, SocketAddress) {
    let name = "\(target.host):\(target.port)"
    guard let address = SocketAddress.resolve(target, passive: true).first else {
      throw .address(name)
    }
    guard anywhere || address.isLoopback else { throw .unprotected(name) }
    let descriptor = socket(
      address.family,
      Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw .system("socket", errno) }
    var one: Int32 = 1
    // A restart must not wait for the old connections' TIME_WAIT.
    _ = setsockopt(
      descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    guard address.with({ bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 1024) == 0
    else {
      let code = errno
      close(descriptor)
      throw .listen(name, code)
    }
    return (descriptor, .local(of: descriptor))
  }
}
