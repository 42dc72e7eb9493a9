import Primitives

@testable import PoolService

extension Simulation {
  /// One thing happens.
  func playStep() throws {
    trace.add("step \(step)")
    if server == nil, flip(4) { return try boot() }
    switch number(0...99) {
    case 0..<28:
      for _ in 0..<number(1...4) {
        let idle = clients.indices.filter { clients[$0].pending == nil }
        let any = number(0...clients.count - 1)
        act(flip(4) ? any : idle.randomElement(using: &random) ?? any)
      }
    case 28..<54:
      for _ in 0..<number(1...4) {
        guard let place = requests.indices.randomElement(using: &random) else { break }
        try deliver(requests.remove(at: place))
      }
    case 54..<74: try stepWriter(number(1...12))
    case 74..<87:
      for _ in 0..<number(1...4) {
        guard let place = replies.indices.randomElement(using: &random) else { break }
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
    let moment = candidates[0].moments.min()
    switch number(0...39) {
    case 0..<28: clock.advance(by: .milliseconds(number(1...9_000)))
    case 28..<36:
      // To the very end of a hold, or a promotion's start or end, and a moment beside it.
      if let moment { clock.set(moment + .microseconds(number(-1...1))) }
    case 36: clock.advance(by: .seconds(3_600 * number(1...10)))
    case 37: clock.advance(by: .seconds(3_600 * number(25...200)))
    case 38: clock.advance(by: .seconds(-number(1...100)))
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
    // Mostly a clock that agrees with the pool's time.
    hand.clock = flip(8) ? clock.now() : max(clock.now(), hand.model.now)
    // What it knows of holds it may have read a while ago.
    if flip(2), let etags = server?.etags() {
      hand.versions = etags.reduce(into: [:]) {
        $0[$1.key] = Hand.Version(etag: $1.value, number: hand.model.holds[$1.key]?.version ?? 0)
      }
    }
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
