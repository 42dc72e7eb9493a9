internal import Glibc
internal import Primitives
internal import RPCCore
internal import Synchronization

/// How long a request of HTTP/1.1 may take to come.
public struct ArrivalLimits: Sendable {
  /// How long a connection may be without a request, in seconds.
  public var idleSeconds: Int
  /// How long a request line may take beyond that, in seconds.
  public var headerSeconds: Int
  /// How long the rest of a request may take, in seconds, ...
  public var bodySeconds: Int
  /// ... and one second more for so many bytes of its body.
  public var bodyBytesPerSecond: Int

  public init(idleSeconds: Int, headerSeconds: Int, bodySeconds: Int, bodyBytesPerSecond: Int) {
    self.idleSeconds = idleSeconds
    self.headerSeconds = headerSeconds
    self.bodySeconds = bodySeconds
    self.bodyBytesPerSecond = bodyBytesPerSecond
  }
}

/// Which connections have a request to come, and since when: libmicrohttpd's own timeout begins anew with each byte, so that
/// who sends one now and then would stay for ever.
final class ArrivalWatch: Sendable {
  private struct Arrival {
    var since: Int64
    var receivedBytes = 0
    var isRequest = false
    var isEnded = false
  }

  private struct State {
    var peers: [Int32: String] = [:]
    /// By the connection's descriptor, which is open as long as it stands here or in `peers`.
    var arrivals: [Int32: Arrival] = [:]
  }

  private let limits: ArrivalLimits
  private let observer: any RPCObserver
  private let state = Mutex(State())

  init(_ limits: ArrivalLimits, _ observer: any RPCObserver) {
    self.limits = limits
    self.observer = observer
  }

  func setPeer(_ peer: String, of descriptor: Int32) {
    state.withLock { $0.peers[descriptor] = peer }
  }

  /// A request may come from now on.
  ///
  /// - Returns: whether the one before it was overdue, and told of as that.
  @discardableResult
  func awaits(_ descriptor: Int32) -> Bool {
    let before = state.withLock {
      $0.arrivals.updateValue(Arrival(since: monotonicNanoseconds()), forKey: descriptor)
    }
    return before?.isEnded == true
  }

  /// Its first line is there.
  func begins(_ descriptor: Int32) {
    state.withLock {
      $0.arrivals[descriptor] = Arrival(since: monotonicNanoseconds(), isRequest: true)
    }
  }

  func receives(_ count: Int, on descriptor: Int32) {
    state.withLock { $0.arrivals[descriptor]?.receivedBytes += count }
  }

  /// It is whole.
  func ends(_ descriptor: Int32) {
    state.withLock { $0.arrivals[descriptor] = nil }
  }

  /// The connection's descriptor is about to be closed.
  func closes(_ descriptor: Int32) {
    state.withLock { state in
      state.arrivals[descriptor] = nil
      state.peers[descriptor] = nil
    }
  }

  /// Ends the connections whose request is overdue at `now`; libmicrohttpd learns of it as of any peer's end.
  func look(now: Int64) {
    let overdue = state.withLock { state -> [(isRequest: Bool, peer: String)] in
      var overdue: [(Bool, String)] = []
      for (descriptor, arrival) in state.arrivals where isOverdue(arrival, now) {
        state.arrivals[descriptor]?.isEnded = true
        // Under the lock: `closes` comes before the number is another's.
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
        overdue.append((arrival.isRequest, state.peers[descriptor] ?? ""))
      }
      return overdue
    }
    for (isRequest, peer) in overdue {
      if isRequest {
        observer.callFault(.messageOverdue, method: nil, peer: peer)
      } else {
        observer.connectionEnded(.headersOverdue, peer: peer)
      }
    }
  }

  private func isOverdue(_ arrival: Arrival, _ now: Int64) -> Bool {
    let seconds =
      arrival.isRequest
      ? limits.bodySeconds + arrival.receivedBytes / max(1, limits.bodyBytesPerSecond)
      : limits.idleSeconds + limits.headerSeconds
    return !arrival.isEnded && now - arrival.since > Int64(seconds) * 1_000_000_000
  }
}
