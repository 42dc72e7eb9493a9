internal import GatewayDomain
internal import Synchronization

/// Whether the store may take more events. What is refused, the channel sends again; what was acknowledged is never lost for
/// want of room.
final class StoreRoom: Sendable {
  private let share = Mutex(0.0)
  private let full = Atomic(false)

  var isFull: Bool { full.load(ordering: .relaxed) }
  /// Soon full: what is done is forgotten sooner.
  var isFilling: Bool { taken >= GatewayLimits.storeFilling }
  var taken: Double { share.withLock { $0 } }

  /// What is full is open again only when there is some room.
  func set(_ taken: Double) {
    share.withLock { $0 = taken }
    if taken >= 1 {
      full.store(true, ordering: .relaxed)
    } else if taken < GatewayLimits.storeOpenAgain {
      full.store(false, ordering: .relaxed)
    }
  }
}
