internal import CLinux
internal import Glibc
internal import Primitives

/// Looks at a connection's first bytes, without taking them, until it is clear which protocol it speaks.
final class ProtocolSniffer: EventHandler {
  enum Kind {
    case http2
    case http1
    /// It did not say in time.
    case overdue
    /// It closed.
    case neither
  }

  /// RFC 9113, 3.4: the client's connection preface.
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private let descriptor: Int32
  private let loop: EventLoop
  private let handshakeSeconds: Int
  private let decide: (Kind) -> Void
  private var token: UInt64?
  private var timer: LoopTimer?

  init(
    descriptor: Int32, loop: EventLoop, handshakeSeconds: Int, decide: @escaping (Kind) -> Void
  ) {
    self.descriptor = descriptor
    self.loop = loop
    self.handshakeSeconds = handshakeSeconds
    self.decide = decide
  }

  func start() {
    // Edge-triggered: bytes that are only looked at would wake the loop for ever.
    token = loop.add(
      descriptor, events: EPOLLIN.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue, handler: self)
    guard token != nil else { return decide(.neither) }
    timer = loop.schedule(
      at: monotonicNanoseconds() + Int64(handshakeSeconds) * 1_000_000_000
    ) { [weak self] in
      self?.timer = nil
      self?.finish(.overdue)
    }
    ready(readable: true, writable: false, broken: false)
  }

  func ready(readable: Bool, writable: Bool, broken: Bool) {
    guard token != nil else { return }
    var bytes = [UInt8](repeating: 0, count: Self.preface.count)
    let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_PEEK))
    if count < 0, errno == EAGAIN || errno == EINTR { return }
    guard count > 0 else { return finish(.neither) }
    guard bytes.prefix(count).elementsEqual(Self.preface.prefix(count)) else {
      return finish(.http1)
    }
    if count == Self.preface.count { finish(.http2) }
  }

  private func finish(_ kind: Kind) {
    guard let token else { return }
    loop.remove(descriptor, token: token)
    self.token = nil
    if let timer { loop.cancel(timer) }
    timer = nil
    decide(kind)
  }
}
