internal import Foundation
internal import GatewayDomain
internal import Kit
internal import Primitives

/// Keeps the store within its bounds: forgets what is done and old, tells somebody before there is no room, and then refuses
/// events until there is.
struct StorePatrol: Sendable {
  let store: GatewayStore
  let alerts: AlertBook
  let share: StoreShare
  /// A file or folder of the disk that is to have room; empty for none.
  let path: String
  /// How long events are kept after they were done.
  let kept: Duration
  let log: Log

  func run() async {
    var nextPrune = Deadline.after(.zero)
    while !Task.isCancelled {
      do {
        try await look()
        if nextPrune.isPast {
          try await prune()
          nextPrune = .after(GatewayLimits.patrolEvery)
        }
      } catch {
        log.warning("the store's size could not be read", ["error": "\(error)"])
      }
      do { try await Task.sleep(for: GatewayLimits.storeLookEvery) } catch { return }
    }
  }

  /// - Parameter free: what is free on the disk.
  func look(free: Int64? = nil) async throws {
    let (wasFull, before) = (store.room.isFull, store.room.taken)
    let taken = share.taken(used: try await store.usedBytes(), free: free ?? freeBytes)
    store.room.set(taken)
    if taken >= GatewayLimits.storeFilling {
      // Told as it begins and when it is full or no more: each time would be a write when there is no room for one.
      guard before < GatewayLimits.storeFilling || store.room.isFull != wasFull else { return }
      await alerts.raise(
        .storeFilling, about: "store", account: nil,
        "\(Int((min(taken, 9) * 100).rounded())) % of the room that the store may take is taken"
          + (store.room.isFull ? "; events are refused until there is some." : "."))
    } else if taken < GatewayLimits.storeCalm {
      await alerts.resolve(.storeFilling, about: "store", account: nil)
    }
  }

  /// In small batches, so that events come between. When room is short, only what a channel may still send again is kept.
  func prune() async throws {
    let span = store.room.isFilling ? min(kept, GatewayLimits.redeliveredFor) : kept
    let limit = GatewayLimits.inboxPrunedAtOnce
    while try await store.pruneInbox(doneBefore: store.clock.now() - span, limit: limit) == limit {
      try await Task.sleep(for: GatewayLimits.inboxPrunePause)
    }
  }

  private var freeBytes: Int64? {
    guard !path.isEmpty, share.freeBytes > 0,
      let values = try? FileManager.default.attributesOfFileSystem(forPath: path)
    else { return nil }
    return (values[.systemFreeSize] as? NSNumber)?.int64Value
  }
}
