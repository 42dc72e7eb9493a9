import CLinux
import Glibc
import RPCCore
import Synchronization

@testable import RPCHTTP2

/// A connection that is sent the input and then the end: it closes, soon and by itself.
enum SessionEntry {
  private static let loop: EventLoop = {
    do {
      return try EventLoop(name: "fuzz")
    } catch {
      preconditionFailure("the first event loop can be made: \(error)")
    }
  }()

  private static let dispatcher: Dispatcher = {
    let health = HealthService()
    health.set(serving: true)
    return Dispatcher(services: [health, ReflectionService([health])])
  }()

  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  private static let waitMilliseconds: Int32 = 10_000

  static func run(_ bytes: UnsafeRawBufferPointer) {
    // A socket's buffer holds all of it, so that nobody waits for anybody.
    guard bytes.count <= 64 << 10 else { return }
    var ends: [Int32] = [-1, -1]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
    precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0, "a pair of sockets can be had")
    let server = ends[0]
    send(preface, to: ends[1])
    send([UInt8](bytes), to: ends[1])
    shutdown(ends[1], Int32(SHUT_WR))
    loop.execute { serve(server) }
    drain(ends[1])
    close(ends[1])
  }

  private static func serve(_ descriptor: Int32) {
    var limits = TransportLimits()
    limits.messageBytes = 1 << 16
    let connection = ServerConnection(
      descriptor: descriptor, loop: loop, limits: limits, dispatcher: dispatcher,
      admission: Admission(limits), peer: "fuzz", tls: nil
    ) { _ in }
    precondition(connection.watch(events: EPOLLIN.rawValue), "a socket can be watched")
    connection.start()
  }

  private static func send(_ bytes: [UInt8], to descriptor: Int32) {
    guard !bytes.isEmpty else { return }
    let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    precondition(count == bytes.count, "the input goes in at once")
  }

  /// Reads what the server says until it closes.
  private static func drain(_ descriptor: Int32) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let count = poll(&entry, 1, waitMilliseconds)
      // libFuzzer's alarm, by which it looks for inputs that take too long.
      if count < 0, errno == EINTR { continue }
      precondition(count == 1, "the server hangs on to its connection")
      if read(descriptor, &buffer, buffer.count) <= 0 { return }
    }
  }
}
