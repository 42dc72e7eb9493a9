internal import ChannelAdapter
internal import Kit
internal import Primitives

/// Fetches the events that channels could not deliver, hands each to the account whose it is, and confirms them once they are
/// stored. A queue is an app's: what is of a shop that is not connected here is confirmed with the others, as a hook would
/// refuse it.
struct LostEventCollector: Sendable {
  let directory: AccountDirectory
  let hooks: HookHandler
  let log: Log

  func run() async {
    while !Task.isCancelled {
      await collect()
      do { try await Task.sleep(for: GatewayLimits.lostEventsEvery) } catch { return }
    }
  }

  /// Empties the queue of each app, by any of its accounts that can.
  func collect() async {
    var emptied: Set<String> = []
    for session in await directory.all() {
      guard let queue = session.adapter as? any LostEventQueue else { continue }
      let key = "\(session.channelID)\n\(queue.lostEventsKey(await session.connection.account))"
      guard !emptied.contains(key) else { continue }
      if await empty(queue, session) { emptied.insert(key) }
    }
  }

  /// - Returns: false when another account of the app may have more luck.
  private func empty(_ queue: any LostEventQueue, _ session: AccountSession) async -> Bool {
    do {
      for _ in 0..<GatewayLimits.lostEventPages {
        let page = try await session.call { api async throws(ChannelError) in
          try await queue.lostEvents(api: api)
        }
        guard let mark = page.mark else { return true }
        var outcomes: [String: Int] = [:]
        for body in page.bodies {
          outcomes[try await hooks.take(kept: body, queue), default: 0] += 1
        }
        log.info(
          "lost events were fetched", ["account": session.accountID, "became": "\(outcomes)"])
        try await session.call { api async throws(ChannelError) in
          try await queue.confirmLostEvents(through: mark, api: api)
        }
        guard page.isMore else { return true }
      }
      return true
    } catch let error as ChannelError {
      log.warning(
        "lost events could not be fetched", ["account": session.accountID, "error": error.text])
      return false
    } catch {
      // They stay in the queue until the store takes them.
      return true
    }
  }
}
