internal import Synchronization

/// The body of an answer that is made as it is sent: at most `bound` bytes, and one piece, are unsent.
public final class HTTPBodyStream: Sendable {
  /// What may be unsent before who writes must wait, in bytes.
  public static let bound = 64 << 10

  /// What a reader finds.
  public enum Read: Sendable, Equatable {
    case bytes(Int)
    /// Nothing yet: `whenReadable` says when.
    case wait
    case end
  }

  private struct State {
    var bytes: [UInt8] = []
    var start = 0
    var isBegun = false
    var isEnded = false
    var isAbandoned = false
    var writer: CheckedContinuation<Void, Never>?
    var beginning: CheckedContinuation<Void, Never>?
    var wakeReader: (@Sendable () -> Void)?
    var cancel: (@Sendable (RPCError) -> Void)?
    var whenOver: (@Sendable () -> Void)?

    var count: Int { bytes.count - start }
    var isOver: Bool { isEnded || isAbandoned }
  }

  private let state = Mutex(State())

  init() {}

  // MARK: - Who writes

  /// Says what ends the writer from outside.
  func onCancel(_ cancel: @escaping @Sendable (RPCError) -> Void) {
    state.withLock { state in
      if !state.isOver { state.cancel = cancel }
    }
  }

  /// Calls `body` once, when the last piece is there or nobody reads any more.
  public func whenOver(_ body: @escaping @Sendable () -> Void) {
    let isOver = state.withLock { state in
      if !state.isOver { state.whenOver = body }
      return state.isOver
    }
    if isOver { body() }
  }

  /// Appends a piece; suspends while more than `bound` is unsent.
  ///
  /// - Throws: CANCELLED when nobody reads any more, or the body has ended.
  func write(_ piece: [UInt8]) async throws(RPCError) {
    append(piece)
    await withCheckedContinuation { continuation in
      let goesOn = state.withLock { state in
        guard !state.isOver, state.count >= Self.bound else { return true }
        precondition(state.writer == nil, "one writer at a time")
        state.writer = continuation
        return false
      }
      if goesOn { continuation.resume() }
    }
    if state.withLock({ $0.isOver }) {
      throw RPCError(.cancelled, "", "The caller ended the call.")
    }
  }

  /// Ends the body with a last piece, once; what comes later is dropped.
  func end(_ piece: [UInt8]) {
    append(piece, isLast: true)
  }

  private func append(_ piece: [UInt8], isLast: Bool = false) {
    let (wake, beginning, writer, over) = state.withLock { state in
      if !state.isOver {
        state.bytes.append(contentsOf: piece)
        state.isEnded = isLast
      }
      state.isBegun = true
      defer {
        state.wakeReader = nil
        state.beginning = nil
        if isLast {
          state.writer = nil
          state.cancel = nil
          state.whenOver = nil
        }
      }
      return (
        state.wakeReader, state.beginning, isLast ? state.writer : nil,
        isLast ? state.whenOver : nil
      )
    }
    over?()
    beginning?.resume()
    writer?.resume()
    wake?()
  }

  /// Returns when there is something to send: by then the headers are known.
  func begun() async {
    await withCheckedContinuation { continuation in
      let isBegun = state.withLock { state in
        if !state.isBegun { state.beginning = continuation }
        return state.isBegun
      }
      if isBegun { continuation.resume() }
    }
  }

  // MARK: - Who sends

  /// Moves as much as fits.
  public func read(into buffer: UnsafeMutableRawBufferPointer) -> Read {
    let (read, writer) = state.withLock { state -> (Read, CheckedContinuation<Void, Never>?) in
      let count = min(buffer.count, state.count)
      guard count > 0 else { return (state.isOver ? .end : .wait, nil) }
      buffer.copyBytes(from: state.bytes[state.start..<(state.start + count)])
      state.start += count
      if state.start == state.bytes.count {
        state.bytes.removeAll(keepingCapacity: true)
        state.start = 0
      }
      guard state.count < Self.bound else { return (.bytes(count), nil) }
      defer { state.writer = nil }
      return (.bytes(count), state.writer)
    }
    writer?.resume()
    return read
  }

  /// Calls `wake` once, as soon as `read` has something to say.
  public func whenReadable(_ wake: @escaping @Sendable () -> Void) {
    let isReadable = state.withLock { state in
      guard state.count == 0, !state.isOver else { return true }
      state.wakeReader = wake
      return false
    }
    if isReadable { wake() }
  }

  /// Nobody reads any more.
  public func abandon() {
    let (cancel, writer, over) = state.withLock { state in
      state.isAbandoned = true
      defer {
        state.cancel = nil
        state.writer = nil
        state.wakeReader = nil
        state.whenOver = nil
      }
      return (state.cancel, state.writer, state.whenOver)
    }
    over?()
    writer?.resume()
    cancel?(RPCError(.cancelled, "", "The caller's connection is gone."))
  }

  /// Makes who writes end the body with an error.
  public func stop(_ reason: RPCError) {
    let cancel = state.withLock { state in
      defer { state.cancel = nil }
      return state.cancel
    }
    cancel?(reason)
  }
}
