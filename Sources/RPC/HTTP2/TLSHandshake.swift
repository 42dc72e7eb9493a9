internal import CLinux
internal import Glibc
internal import Primitives
internal import RPCTLS

/// Takes a new connection through its TLS handshake, within a time.
final class TLSHandshake: EventHandler {
  private let descriptor: Int32
  private let loop: EventLoop
  private let tls: TLSSession
  private let due: Int64
  /// Told once: nil, or why there is no session. What came behind the handshake is in the session, to be read.
  private var decide: ((_ problem: String?) -> Void)?
  private var token: UInt64?
  private var timer: LoopTimer?
  private var output = ByteQueue()
  private var progress = TLSSession.Handshake.waiting
  private var wantsWritable = false

  /// - Parameter due: when it must be over, in monotonic nanoseconds.
  init(
    descriptor: Int32, loop: EventLoop, tls: TLSSession, due: Int64,
    decide: @escaping (_ problem: String?) -> Void
  ) {
    self.descriptor = descriptor
    self.loop = loop
    self.tls = tls
    self.due = due
    self.decide = decide
  }

  func start() {
    token = loop.add(descriptor, events: EPOLLIN.rawValue, handler: self)
    guard token != nil else { return finish("no room to watch it") }
    timer = loop.schedule(at: due) { [weak self] in
      self?.timer = nil
      self?.finish("the TLS handshake was not made in time")
    }
    advance()
  }

  /// Ends it without a word.
  func stop() {
    decide = nil
    finish(nil)
  }

  func ready(readable: Bool, writable: Bool, broken: Bool) {
    if writable { write() }
    guard token != nil, readable || broken else { return }
    let buffer = loop.readBuffer
    let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
    if count < 0, errno == EAGAIN || errno == EINTR { return }
    guard count > 0 else { return finish("closed in the TLS handshake") }
    tls.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    advance()
  }

  private func advance() {
    if progress == .waiting {
      progress = tls.handshake()
      tls.takeOutput { output.append($0) }
    }
    write()
  }

  /// Writes what is due, and ends when nothing is left to do.
  private func write() {
    if !output.isEmpty {
      let count = output.withBytes {
        send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        output.remove(count)
      } else if errno != EAGAIN, errno != EINTR {
        return finish(String(cString: strerror(errno)))
      }
    }
    switch progress {
    // An alert is sent as far as there is room for it.
    case .failed(let problem): finish(problem)
    case .finished where output.isEmpty: finish(nil)
    case .finished, .waiting: watch()
    }
  }

  private func watch() {
    guard let token, wantsWritable == output.isEmpty else { return }
    wantsWritable = !output.isEmpty
    let events = EPOLLIN.rawValue | (wantsWritable ? EPOLLOUT.rawValue : 0)
    loop.modify(descriptor, token: token, events: events)
  }

  private func finish(_ problem: String?) {
    if let token { loop.remove(descriptor, token: token) }
    token = nil
    if let timer { loop.cancel(timer) }
    timer = nil
    let decide = decide
    self.decide = nil
    decide?(problem)
  }
}
