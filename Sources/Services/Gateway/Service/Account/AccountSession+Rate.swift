internal import ChannelAdapter
internal import GatewayDomain
internal import Primitives
internal import Synchronization

/// The account's rate follows what its channel bears.
extension AccountSession {
  static func rate(_ connection: ConnectionRow, _ adapter: any ChannelAdapter) -> LearntRate {
    let isFixed = connection.callsPerSecond > 0
    return LearntRate(
      isFixed ? connection.callsPerSecond : adapter.traits.callsPerSecond, isFixed: isFixed,
      now: monotonicNanoseconds())
  }

  static func bucket(_ rate: Double) -> TokenBucket {
    TokenBucket(rate: rate, burst: burst(rate), now: monotonicNanoseconds())
  }

  private static func burst(_ rate: Double) -> Double { max(1, rate * GatewayLimits.burstSeconds) }

  /// Calls a second that the account may make now.
  var callsPerSecond: Double { rate.current }

  /// The channel took a call, and perhaps said how many more it bears.
  func callWasTaken(_ room: CallRoom?) {
    let now = monotonicNanoseconds()
    rate.accepted(now: now)
    let wait: Int64 =
      switch room {
      case .bucket(let cost, let left, let perSecond):
        rate.told(cost: cost, left: left, perSecond: perSecond)
      case .window(let left, let secondsLeft): rate.told(left: left, untilReset: secondsLeft)
      case nil: 0
      }
    useRate(now)
    if wait > 0 { bucket.pause(until: now + wait, now: now) }
  }

  func callWasTooMuch() {
    let now = monotonicNanoseconds()
    rate.refused(now: now)
    useRate(now)
  }

  private func useRate(_ now: Int64) {
    guard rate.current != bucket.rate else { return }
    bucket.change(rate: rate.current, burst: Self.burst(rate.current), now: now)
    showRate()
  }

  func showRate() { surroundings.metrics.callRate.set(rate.current, [accountID.text]) }
}

/// Keeps what a channel last said of its room during one call.
final class RoomEar: Sendable {
  private let heard = Mutex<CallRoom?>(nil)

  func hear(_ room: CallRoom) { heard.withLock { $0 = room } }

  func take() -> CallRoom? {
    heard.withLock { room in
      defer { room = nil }
      return room
    }
  }
}
