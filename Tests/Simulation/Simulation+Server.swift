import Primitives
import StorageCore

@testable import PoolService

extension Simulation {
  // MARK: Requests

  /// A request comes to the server, which decides it later or refuses it at its edge.
  func deliver(_ request: SimulatedRequest) throws {
    guard let server else { return trace.add("nobody listens") }
    let delivery = Delivery(request)
    let waiting = server.waitingCount
    executor.start { [pool = server.pool] in await delivery.run(on: pool) }
    if server.waitingCount > waiting {
      queued.append(delivery)
    } else if let reply = delivery.reply {
      guard reply.outcome == .unknown, !server.isHealthy else {
        throw fail("\(request.command) got \(reply.outcome) at the edge")
      }
      answer(request, reply)
    } else {
      throw fail("\(request.command) is neither queued nor answered")
    }
  }

  private func answer(_ request: SimulatedRequest, _ reply: Reply) {
    if flip(10) { return trace.add("answer lost") }
    replies.append((request, reply))
    if flip(20) { replies.append((request, reply)) }
  }

  // MARK: The writer

  /// The writer takes up to `limit` commands; what it makes of them must be what the model makes of them.
  func stepWriter(_ limit: Int) throws {
    guard let server else { return }
    if !server.isHealthy, flip(2) { return try recoverStore() }
    let batch = Array(queued.prefix(limit))
    queued.removeFirst(batch.count)
    trace.add("writer takes \(batch.count) of \(batch.count + queued.count)")
    guard server.isHealthy else {
      server.step(batch.count)
      executor.drain()
      return try expectUnknown(batch)
    }
    let before = candidates[0]
    var next = before
    next.advance(to: clock.now())
    let isRepeat = batch.map { [model = next] in model.answer(to: $0.request) != nil }
    // What is decided anew may be durable though nobody hears of it: the answer of a day ago is then no longer the first.
    for (delivery, isRepeat) in zip(batch, isRepeat) where !isRepeat {
      firstAnswers[delivery.request.key] = nil
    }
    let expected = batch.map { next.decide($0.request) }
    server.step(batch.count)
    executor.drain()
    guard disk.ending == nil else {
      candidates = mutation == .earlyAnswers ? [next] : [before, next]
      return try crash()
    }
    guard server.isHealthy else {
      candidates = [before, next]
      return try expectUnknown(batch)
    }
    candidates = [next]
    for (delivery, outcome) in zip(batch, expected) { note(delivery.request, outcome) }
    for ((delivery, wanted), isRepeat) in zip(zip(batch, expected), isRepeat) {
      try check(delivery, wanted, isRepeat: isRepeat)
    }
    if let difference = next.difference(
      from: server.state(), server.records(), isRecovered: false)
    {
      throw fail(difference)
    }
  }

  private func check(_ delivery: Delivery, _ wanted: Outcome, isRepeat: Bool) throws {
    let request = delivery.request
    guard let reply = delivery.reply, reply.outcome == wanted else {
      throw fail(
        "\(request.id): \(request.command) got \(String(describing: delivery.reply?.outcome)) "
          + "instead of \(wanted)")
    }
    if case .done = wanted, !request.id.isEmpty {
      if isRepeat, let first = firstAnswers[request.key], first != reply.bytes {
        throw fail("\(request.key): the second answer is not the first")
      }
      firstAnswers[request.key] = reply.bytes
    }
    answer(request, reply)
  }

  /// Of a batch that came to nothing, nobody hears that it was done.
  private func expectUnknown(_ batch: [Delivery]) throws {
    for delivery in batch {
      guard let reply = delivery.reply, reply.outcome == .unknown else {
        throw fail("\(delivery.request.command) was answered though the batch failed")
      }
      answer(delivery.request, reply)
    }
  }

  /// The store failed, and the writer reads it again.
  func recoverStore() throws {
    guard let server else { return }
    server.recover()
    guard disk.ending == nil else { return try crash() }
    trace.add("recovery: \(server.isHealthy)")
    if server.isHealthy {
      try expectCandidate()
    } else if disk.faults == disk.baseFaults {
      throw fail("the store does not recover on a sound disk")
    }
  }

  // MARK: Life and death

  /// Starts the server, if the disk lets it.
  func boot() throws {
    guard server == nil else { return }
    do {
      server = try SimulatedServer(on: machine)
    } catch {
      // The disk's name is another in each run.
      trace.add("no start: \("\(error)".replacing(machine.disk.uri, with: "pool.db"))")
      guard disk.ending == nil else { return try crash() }
      // The check of the whole store counts a page that it could not read as damaged.
      if case StorageError.corrupt = error, disk.faults.read == 0 {
        throw fail("the store is damaged: \(error)")
      }
      guard disk.faults != disk.baseFaults else { throw fail("no start: \(error)") }
      return
    }
    trace.add("started")
    try expectCandidate()
  }

  /// What was read from disk is one of the states that may be there.
  private func expectCandidate() throws {
    guard let server else { return }
    let state = server.state()
    let rows = try disk.undisturbed { try server.rowCount() }
    var problems: [String] = []
    for var model in candidates {
      model.fallBack()
      let seen = model.seen(at: clock.now())
      if let difference = seen.difference(from: state, server.records(), isRecovered: true) {
        problems.append(difference)
      } else if model.rowCount != rows {
        problems.append("the ledger has \(rows) rows instead of \(model.rowCount)")
      } else {
        model.remember(as: server.records())
        candidates = [model]
        return
      }
    }
    throw fail("what was recovered may not be: \(problems.joined(separator: "; or "))")
  }

  func endPower() throws {
    disk.end(.powerLost)
    try crash()
  }

  func endProcess() throws {
    disk.end(.killed)
    try crash()
  }

  /// The process is gone, and with it all that it had not sent.
  private func crash() throws {
    server?.end()
    server = nil
    executor.drain()
    queued = []
    disk.start()
    trace.add("crashed")
  }

  /// The server answers what waits, sweeps, and ends.
  func stopInOrder() throws {
    while !queued.isEmpty, server?.isHealthy ?? false { try stepWriter(queued.count) }
    guard let ending = server else { return }
    trace.add("stops")
    let before = candidates
    ending.end()
    executor.drain()
    for delivery in queued { answer(delivery.request, Reply(outcome: .unknown)) }
    queued = []
    server = nil
    // What it swept may have moved time on.
    candidates += before.map { model in
      var next = model
      next.advance(to: clock.now())
      return next
    }
    if disk.ending != nil { try crash() }
  }
}
