import Glibc

/// Reads a request's head, sends the same bytes to whoever asks, and hangs up; one after another, on a thread of its own.
final class RawServer: Sendable {
  let address: String
  private let listener: Int32

  init(_ answer: [UInt8]) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var local = sockaddr_in()
    local.sin_family = sa_family_t(AF_INET)
    local.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &local) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        precondition(bind(listener, $0, length) == 0 && listen(listener, 64) == 0)
        getsockname(listener, $0, &length)
      }
    }
    self.listener = listener
    address = "127.0.0.1:\(UInt16(bigEndian: local.sin_port))"
    let body = Body {
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else {
          // Only here: closed elsewhere, its number could be another's by the next accept.
          Glibc.close(listener)
          return
        }
        Self.answer(connection, answer)
        Glibc.close(connection)
      }
    }
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(body).toOpaque())
    pthread_detach(thread)
  }

  /// Takes no more connections.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private static func answer(_ connection: Int32, _ bytes: [UInt8]) {
    var head: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
      let count = recv(connection, &part, part.count, 0)
      guard count > 0 else { return }
      head += part.prefix(count)
    }
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        send(connection, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }
}
