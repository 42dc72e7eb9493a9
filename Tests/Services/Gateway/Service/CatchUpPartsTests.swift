import Primitives
import Testing

@testable import GatewayService

@Suite struct CatchUpPartsTests {
  private let account = AccountID(trusted: "acc")

  private func change(_ id: Int64, _ seconds: Int64) -> PolledChange {
    PolledChange(
      job: WorkScheduler.Job(id: id, accountID: account, key: "order \(id)"),
      updateTime: Timestamp(seconds: seconds))
  }

  @Test func earliestIsTakenFirstWheneverItCame() async {
    let line = CatchUpLine()
    await line.add([change(1, 30), change(2, 10)])
    await line.add([change(3, 20), change(4, 10)])
    var taken: [Int64] = []
    while let next = await line.take() { taken.append(next.job.id) }
    #expect(taken == [2, 4, 3, 1])
    #expect(await !line.isEmpty)
    for id in taken { await line.leave(id) }
    #expect(await line.isEmpty)
  }

  /// Goal: who comes later waits for those in front, for a bounded time; who is in no line waits for nobody.
  @Test func turnComesWhenThoseInFrontHaveLeft() async {
    let line = CatchUpLine()
    await line.add([change(1, 10), change(2, 20)])
    _ = await line.take()
    _ = await line.take()
    await line.turn(99, atMost: .seconds(60))
    await line.turn(1, atMost: .seconds(60))
    await line.turn(2, atMost: .milliseconds(1))
    async let second: Void = line.turn(2, atMost: .seconds(60))
    await line.leave(1)
    await second
    await line.leave(2)
    #expect(await line.isEmpty)
  }

  /// Goal: a gate that nobody opens lets raises go all the same, and is not closed anew until it was opened.
  @Test func gateIsClosedForABoundedTime() async {
    let gate = RaiseGate()
    await gate.wait(account)
    await gate.close(account, atMost: .milliseconds(1))
    await gate.wait(account)
    await gate.close(account, atMost: .seconds(60))
    #expect(await gate.isOpen(account))
    await gate.open(account)
    await gate.close(account, atMost: .seconds(60))
    #expect(await !gate.isOpen(account))
    async let waiting: Void = gate.wait(account)
    await gate.open(account)
    await waiting
    #expect(await gate.isOpen(account))
  }
}
