import Glibc
import RPCHTTP2
import Synchronization

/// A server of HTTP/2 frames, byte by byte: it does what no library of ours would do.
///
/// It takes connections one after another and hands each to the script, on a thread of its own.
final class RawPeer: Sendable {
  let address: String
  private let listener: Int32

  init(_ script: @escaping @Sendable (_ connection: RawConnection, _ number: Int) -> Void) {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var local = sockaddr_in()
    local.sin_family = sa_family_t(AF_INET)
    local.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &local) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        precondition(bind(listener, $0, length) == 0 && listen(listener, 16) == 0)
        getsockname(listener, $0, &length)
      }
    }
    self.listener = listener
    address = "127.0.0.1:\(UInt16(bigEndian: local.sin_port))"
    let body = Body {
      var number = 0
      while true {
        let socket = accept(listener, nil, nil)
        guard socket >= 0 else {
          // Only here: closed elsewhere, its number could be another listener's by the next accept.
          Glibc.close(listener)
          return
        }
        script(RawConnection(socket), number)
        Glibc.close(socket)
        number += 1
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

  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }
}

/// One connection of a `RawPeer`.
final class RawConnection {
  struct Frame: Equatable {
    var kind: UInt8
    var flags: UInt8
    var stream: UInt32
    var payload: [UInt8]
  }

  static let data: UInt8 = 0
  static let headers: UInt8 = 1
  static let reset: UInt8 = 3
  static let goAway: UInt8 = 7

  private let socket: Int32

  /// Reads the client's preface and sends empty SETTINGS.
  init(_ socket: Int32) {
    self.socket = socket
    _ = read(24)
    send(4, 0, 0, [])
  }

  func send(_ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) {
    let length = UInt32(payload.count)
    let bytes =
      [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), kind, flags]
      + Self.bytes(stream) + payload
    _ = Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// The next frame; nil when the other side has closed.
  func next() -> Frame? {
    guard let head = read(9), let payload = read(head[..<3].reduce(0) { $0 << 8 | Int($1) }) else {
      return nil
    }
    return Frame(
      kind: head[3], flags: head[4], stream: head[5...].reduce(0) { $0 << 8 | UInt32($1) },
      payload: payload)
  }

  /// The bytes of the next stream that ends, and its number; nil when the other side has closed.
  func request() -> (stream: UInt32, body: [UInt8])? {
    var bodies: [UInt32: [UInt8]] = [:]
    while let frame = next() {
      guard frame.kind == Self.data else { continue }
      bodies[frame.stream, default: []] += frame.payload
      if frame.flags & 1 != 0 { return (frame.stream, bodies[frame.stream] ?? []) }
    }
    return nil
  }

  /// Answers a gRPC call with one message and OK; the fields are literals without indexing (RFC 7541, 6.2.2).
  func answer(_ stream: UInt32, _ framed: [UInt8]) {
    send(
      Self.headers, 4, stream,
      Self.field(":status", "200") + Self.field("content-type", "application/grpc"))
    send(Self.data, 0, stream, framed)
    send(Self.headers, 5, stream, Self.field("grpc-status", "0"))
  }

  static func bytes(_ number: UInt32) -> [UInt8] {
    [UInt8(number >> 24), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
  }

  static func field(_ name: String, _ value: String) -> [UInt8] {
    [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
  }

  private func read(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var have = 0
    while have < count {
      let more = bytes.withUnsafeMutableBytes {
        recv(socket, $0.baseAddress! + have, count - have, 0)
      }
      guard more > 0 else { return nil }
      have += more
    }
    return bytes
  }
}
