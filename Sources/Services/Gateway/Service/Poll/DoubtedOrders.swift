internal import Kit

/// Has orders read again that may have changed after they were read without their time saying so. Few have: so it is done one
/// by one and with calls that nobody else misses. What is left when it ends is doubted by the next poll, too.
struct DoubtedOrders: Sendable {
  let session: AccountSession
  let store: GatewayStore
  let intake: WorkScheduler

  /// - Parameter goesOn: asked before each step.
  func read(_ events: [IncomingEvent], while goesOn: @Sendable () -> Bool) async {
    for event in events {
      guard await waitForSpare(while: goesOn) else { return }
      // What cannot be stored is doubted still.
      guard let job = try? await store.takeUpDoubted(event) else { continue }
      _ = await intake.submit(job, waitingFor: GatewayLimits.doubtStep)
    }
  }

  /// Whether a call would be in nobody's way.
  private func waitForSpare(while goesOn: @Sendable () -> Bool) async -> Bool {
    while !Task.isCancelled, goesOn() {
      if await session.takeSpare() {
        // Whoever makes the call takes its turn.
        await session.giveBack()
        return true
      }
      do { try await Task.sleep(for: GatewayLimits.sparePause) } catch { return false }
    }
    return false
  }
}
