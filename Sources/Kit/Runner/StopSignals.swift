internal import Dispatch
internal import Glibc

/// SIGTERM and SIGINT as a stream. Whoever makes one takes them from the system's own handling.
final class StopSignals: Sendable {
  let signals: AsyncStream<Int32>
  /// Kept alive and not touched again: nothing is shared but the memory.
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    signals = stream
    sources = [SIGTERM, SIGINT].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { continuation.yield(number) }
      source.resume()
      return source
    }
  }

  /// A write to a connection that its peer has closed is an error code, not the end of the process.
  static func ignoreBrokenPipes() {
    signal(SIGPIPE, SIG_IGN)
  }
}
