internal import Dispatch
internal import Glibc
internal import Synchronization

/// SIGTERM and SIGINT as a stream. Whoever makes one takes them from the system's own handling.
final class StopSignals: Sendable {
  let signals: AsyncStream<Int32>
  private let requested: Flag
  /// Whether one has come.
  var isRequested: Bool { requested.isUp }
  /// Kept alive and not touched again: nothing is shared but the memory.
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    signals = stream
    let requested = Flag()
    self.requested = requested
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        requested.raise()
        continuation.yield(number)
      }
      source.resume()
      return source
    }
  }

  /// A write to a connection that its peer has closed is an error code, not the end of the process.
  static func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
  }
}

/// Up once and for ever.
private final class Flag: Sendable {
  private let value = Atomic(false)

  var isUp: Bool { value.load(ordering: .relaxed) }

  func raise() { value.store(true, ordering: .relaxed) }
}
