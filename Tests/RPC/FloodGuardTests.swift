import RPCCore
import Testing

@testable import RPCHTTP2

/// What is a flood and what is not, by counts and times alone.
@Suite struct FloodGuardTests {
  private static let second: Int64 = 1_000_000_000

  private func guarded(_ change: (inout TransportLimits) -> Void = { _ in }) -> FloodGuard {
    var limits = TransportLimits()
    limits.floodIntervalSeconds = 10
    for path: WritableKeyPath<TransportLimits, Int> in [
      \.resets, \.settingsFrames, \.emptyDataFrames, \.windowUpdates, \.priorityFrames,
      \.refusedStreams, \.otherFrames, \.pings,
    ] {
      limits[keyPath: path] = 3
    }
    change(&limits)
    return FloodGuard(limits, now: 0)
  }

  @Test(arguments: FloodGuard.Kind.allCases)
  func budgetOfAKindIsItsOwnAndComesBackWithTime(_ kind: FloodGuard.Kind) {
    var floods = guarded()
    for _ in 0..<3 { #expect(floods.note(kind, now: 1) == nil) }
    #expect(floods.note(kind, now: 9 * Self.second) == kind.end)
    for other in FloodGuard.Kind.allCases where other != kind {
      #expect(floods.note(other, now: 9 * Self.second) == nil)
    }
    #expect(floods.note(kind, now: 10 * Self.second) == nil)
  }

  @Test func budgetOfNothingBearsNothing() {
    var floods = guarded { $0.settingsFrames = 0 }
    #expect(floods.note(.settings, now: 100 * Self.second) == .settings)
  }

  /// Goal: a busy connection is no flood. Method: a million calls, each with a window update and a reset.
  @Test func answersGiveBudgetBack() {
    var floods = guarded()
    for _ in 0..<1_000_000 {
      floods.sent()
      floods.answered()
      guard floods.note(.resets, now: 1) == nil, floods.note(.windowUpdates, now: 1) == nil else {
        Issue.record("a decent peer was refused")
        return
      }
    }
    // Nothing is saved up.
    floods.sent()
    for _ in 0..<3 { #expect(floods.note(.windowUpdates, now: 1) == nil) }
    #expect(floods.note(.windowUpdates, now: 1) == .windowUpdates)
  }

  @Test func keepaliveAtTheAllowedPaceIsBorneForEver() {
    var floods = guarded { $0.pings = 1000 }
    for number in 0..<10_000 {
      #expect(floods.notePing(now: Int64(number) * 10 * Self.second) == nil)
    }
  }

  @Test func pingsTooSoonAreStrikesUntilSomethingIsSent() {
    var floods = guarded {
      $0.pings = 1000
      $0.pingStrikes = 2
    }
    for number in 0..<3 { #expect(floods.notePing(now: Int64(number)) == nil) }
    floods.sent()
    for number in 3..<6 { #expect(floods.notePing(now: Int64(number)) == nil) }
    #expect(floods.notePing(now: 7) == .pings)
  }

  @Test func headerBlockInTooManyPiecesIsRefused() {
    var floods = guarded { $0.continuationFrames = 2 }
    for _ in 0..<100 {
      floods.headersBegan()
      #expect(floods.noteContinuation() == nil)
      #expect(floods.noteContinuation() == nil)
    }
    #expect(floods.noteContinuation() == .continuations)
  }

  @Test func answerThatNobodyTakesGetsOlder() {
    var stall = Stall()
    #expect(stall.note(sent: 0, waits: true, now: 5) == 0)
    #expect(stall.note(sent: 0, waits: true, now: 9) == 4)
    #expect(stall.note(sent: 1, waits: true, now: 10) == 0)
    #expect(stall.note(sent: 1, waits: true, now: 12) == 2)
    #expect(stall.note(sent: 1, waits: false, now: 13) == 0)
    #expect(stall.note(sent: 1, waits: true, now: 20) == 0)
    #expect(stall.note(sent: 1, waits: true, now: 21) == 1)
  }

  @Test func loopIsOverloadedOnlyWhenItStaysLate() {
    var limits = TransportLimits()
    limits.queueDelayMilliseconds = 100
    limits.queueDelayPatienceMilliseconds = 1000
    var load = LoopLoad(limits)
    let turn: Int64 = 200_000_000
    for number in 0..<5 { load.turn(from: Int64(number) * turn, to: Int64(number + 1) * turn) }
    #expect(!load.isOverloaded)
    load.turn(from: 5 * turn, to: 6 * turn)
    #expect(load.isOverloaded)
    load.turn(from: 6 * turn, to: 6 * turn + 1)
    #expect(!load.isOverloaded)
  }
}
