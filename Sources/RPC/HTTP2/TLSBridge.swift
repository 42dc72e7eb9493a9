internal import CLinux
internal import Glibc
internal import Primitives
internal import RPCTLS

/// Carries plaintext between a connection that speaks TLS and a socket of this process whose other end somebody has
/// who knows nothing of TLS. Used on its loop only.
///
/// Both ways it reads no more before what it has read is written, so a slow side slows the other.
final class TLSBridge: EventHandler {
  /// How often it reads and writes before the loop's other work has its turn.
  private static let roundsPerTurn = 16

  private let loop: EventLoop
  private let tls: TLSSession
  private let outside: Int32
  private let inside: Int32
  private let lingerSeconds: Int
  private var outsideToken: UInt64?
  private var insideToken: UInt64?
  private var toOutside = ByteQueue()
  private var toInside = ByteQueue()
  private var outsideEnded = false
  private var insideEnded = false
  private var insideWasTold = false
  private var isClosed = false
  private var timer: LoopTimer?
  private let onClose: () -> Void

  /// - Parameters:
  ///   - outside: the connection; its handshake is made.
  ///   - inside: this end of the pair. Both are the bridge's to close.
  ///   - lingerSeconds: how long the last bytes may take once the inside has ended.
  init(
    outside: Int32, inside: Int32, tls: TLSSession, loop: EventLoop, lingerSeconds: Int,
    onClose: @escaping () -> Void
  ) {
    self.outside = outside
    self.inside = inside
    self.tls = tls
    self.loop = loop
    self.lingerSeconds = lingerSeconds
    self.onClose = onClose
  }

  func start() {
    // Edge-triggered: a side that has hung up would wake the loop for ever while the other is slow.
    let events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
    outsideToken = loop.add(outside, events: events, handler: self)
    insideToken = loop.add(inside, events: events, handler: self)
    guard outsideToken != nil, insideToken != nil else { return close() }
    pump()
  }

  func ready(readable: Bool, writable: Bool, broken: Bool) { pump() }

  /// Moves what can be moved.
  private func pump() {
    var rounds = 0
    while !isClosed {
      let moved = [
        write(&toInside, to: inside), write(&toOutside, to: outside), readOutside(), readInside(),
      ].contains(true)
      guard !isClosed else { return }
      settle()
      guard moved else { return }
      rounds += 1
      if rounds == Self.roundsPerTurn {
        let carried = LoopBound(self)
        return loop.executeLater { carried.value.pump() }
      }
    }
  }

  private func write(_ queue: inout ByteQueue, to descriptor: Int32) -> Bool {
    guard !isClosed, !queue.isEmpty else { return false }
    let count = queue.withBytes {
      send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    if count > 0 {
      queue.remove(count)
      queue.shrink(above: TLSSession.pieceBytes)
      return true
    }
    if errno == EAGAIN { return false }
    if errno == EINTR { return true }
    // Nobody is there to take it.
    close()
    return false
  }

  /// Takes plaintext that came, or else ciphertext for it.
  private func readOutside() -> Bool {
    guard !isClosed, toInside.isEmpty, !outsideEnded else { return false }
    let buffer = loop.readBuffer
    switch tls.read(into: buffer) {
    case .bytes(let count):
      toInside.append(buffer[..<count])
      return true
    case .waiting:
      // What the session says by itself, for instance with a new key.
      takeOutput()
      let count = recv(outside, buffer.baseAddress, TLSSession.pieceBytes, 0)
      if count > 0 {
        tls.feed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        return true
      }
      if count < 0, errno == EAGAIN { return false }
      if count < 0, errno == EINTR { return true }
    case .ended, .failed:
      takeOutput()
    }
    outsideEnded = true
    return true
  }

  private func readInside() -> Bool {
    guard !isClosed, toOutside.isEmpty, !insideEnded else { return false }
    let buffer = loop.readBuffer
    let count = recv(inside, buffer.baseAddress, TLSSession.pieceBytes, 0)
    if count > 0 {
      guard tls.write(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else {
        close()
        return false
      }
      takeOutput()
      return true
    }
    if count < 0, errno == EAGAIN { return false }
    if count < 0, errno == EINTR { return true }
    insideEnded = true
    tls.end()
    takeOutput()
    return true
  }

  private func takeOutput() { tls.takeOutput { toOutside.append($0) } }

  /// Passes an end on once everything before it is.
  private func settle() {
    if outsideEnded, toInside.isEmpty, !insideWasTold {
      insideWasTold = true
      shutdown(inside, Int32(SHUT_WR))
    }
    guard insideEnded else { return }
    if toOutside.isEmpty { return close() }
    guard timer == nil else { return }
    let due = monotonicNanoseconds() + Int64(lingerSeconds) * 1_000_000_000
    timer = loop.schedule(at: due) { [weak self] in self?.close() }
  }

  private func close() {
    guard !isClosed else { return }
    isClosed = true
    if let timer { loop.cancel(timer) }
    if let outsideToken { loop.remove(outside, token: outsideToken) }
    if let insideToken { loop.remove(inside, token: insideToken) }
    Glibc.close(outside)
    Glibc.close(inside)
    onClose()
  }
}
