import Primitives

@testable import PoolService

extension Simulation {
  /// One thing happens.
  func playStep() throws {
    trace.add("step \(step)")
    if server == nil, flip(4) { return try boot() }
    switch number(0...99) {
    case 0..<28: act(number(0...clients.count - 1))
    case 28..<54:
      if let place = requests.indices.randomElement(using: &random) {
        try deliver(requests.remove(at: place))
      }
    case 54..<74: try stepWriter(number(1...12))
    case 74..<87:
      if let place = replies.indices.randomElement(using: &random) {
        take(replies.remove(at: place))
      }
    case 87..<93: moveClock()
    case 93..<95: try stepWriter(0)
    case 95: try audit()
    case 96, 97: changeFaults()
    case 98: try flip(2) ? endPower() : endProcess()
    default: try stopInOrder()
    }
  }

  private func changeFaults() {
    disk.faults = disk.baseFaults
    disk.powerFailsAt = nil
    switch number(0...8) {
    case 0, 1: break
    case 2: disk.faults.write = number(5...60)
    case 3:
      disk.faults.sync = number(3...20)
      disk.faults.failedSyncForgets = flip(2)
    case 4: disk.faults.read = number(20...400)
    case 5: disk.faults.isFull = true
    case 6: disk.faults.open = number(2...5)
    // Somewhere in the next commits, or in a recovery.
    default: disk.powerFailsAt = disk.changeCount + number(1...60)
    }
    trace.add("faults \(disk.faults), power until \(disk.powerFailsAt ?? -1)")
  }

  private func moveClock() {
    let expiry = candidates[0].holds.values.filter { $0.state == .held }.map(\.expiry).min()
    switch number(0...19) {
    case 0..<13: clock.advance(by: .milliseconds(number(1...9_000)))
    case 13..<16:
      // To the very end of a hold, and a moment beside it.
      if let expiry { clock.set(expiry + .microseconds(number(-1...1))) }
    case 16: clock.advance(by: .seconds(3_600 * number(1...10)))
    case 17: clock.advance(by: .seconds(3_600 * number(25...200)))
    case 18: clock.advance(by: .seconds(-number(1...100)))
    default: clock.advance(by: .seconds(-3_600 * number(1...100)))
    }
    trace.add("clock \(clock.now().microseconds)")
  }

  // MARK: Clients

  /// A client sends something new, or again what it has heard nothing of.
  private func act(_ index: Int) {
    if clients[index].pending != nil {
      if flip(30) { clients[index].pending = nil } else { repeatPending(index) }
      return
    }
    hand.model = candidates[0]
    hand.clock = clock.now()
    let command = CommandDeck.draw(&hand)
    clients[index].requestCount += 1
    let count = clients[index].requestCount
    var id = flip(4) ? "" : "client \(index)/\(count)"
    if flip(25), let used = clients[index].usedIDs.randomElement(using: &random) { id = used }
    if !id.isEmpty { clients[index].usedIDs.append(id) }
    let request = SimulatedRequest(
      client: index, number: count, id: id, command: command, isLate: flip(40))
    clients[index].pending = request
    send(request)
  }

  func repeatPending(_ index: Int) {
    guard var request = clients[index].pending else { return }
    guard !request.id.isEmpty || request.command.isIdempotent else {
      // It would count again: the client asks somebody instead.
      clients[index].pending = nil
      return
    }
    request.isLate = false
    clients[index].pending = request
    send(request)
  }

  /// The network loses, keeps and doubles requests.
  private func send(_ request: SimulatedRequest) {
    trace.add("send \(request.client)/\(request.number) \(request.id): \(request.command)")
    if flip(10) { return trace.add("lost") }
    requests.append(request)
    if flip(10) { requests.append(request) }
  }

  /// A client hears an answer.
  func take(_ answer: (request: SimulatedRequest, reply: Reply)) {
    let request = answer.request
    trace.add("answer \(request.client)/\(request.number): \(answer.reply.outcome)")
    guard request.client >= 0, clients[request.client].pending?.number == request.number,
      answer.reply.outcome != .unknown, answer.reply.outcome != .refused("DEADLINE_PASSED")
    else { return }
    clients[request.client].pending = nil
  }
}
