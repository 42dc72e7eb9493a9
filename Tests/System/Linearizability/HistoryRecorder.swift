import PoolAPI
import Primitives
import RPCCore
import RPCHTTP2
import Synchronization

/// Clients that call a pool at the same time, and what each of them asked, heard, and when.
final class HistoryRecorder: Sendable {
  private struct State {
    var calls: [Call] = []
    var holds: [String: [String]] = [:]
    var unexpected: [String] = []
    var isOver = false
  }

  let skus: [String]
  private let name: String
  private let pool: PoolServiceClient
  private let state = Mutex(State())

  /// - Parameter name: of this history, so that its SKUs, orders and requests are its own.
  init(_ name: String, skuCount: Int, address: String) throws {
    self.name = name
    skus = (0..<skuCount).map { "\(name)-sku-\($0)" }
    let transport = try HTTP2ClientTransport(target: address)
    // Each try is seen here: what is repeated is repeated by the recorder.
    pool = PoolServiceClient(RPCClient(transport: transport, timeout: .seconds(10), retry: .never))
  }

  var calls: [Call] { state.withLock { $0.calls } }
  var unexpected: [String] { state.withLock { $0.unexpected } }

  func stock(_ units: Quantity) async throws {
    _ = try await pool.setLocation(.init(location: .init(locationID: "A")))
    for sku in skus {
      _ = try await pool.setSku(.init(sku: .init(sku: sku)))
      let line = StockLine(sku: sku, locationID: "A", quantity: units)
      _ = try await pool.receiveStock(.init(lines: [line], requestID: "stock of \(sku)"))
    }
  }

  /// Tells the clients to come to an end.
  func stop() { state.withLock { $0.isOver = true } }

  /// One client, which asks one thing after another.
  func run(client: Int, seed: UInt64) async {
    var random = SeededRandom(seed: seed)
    var number = 0
    while !state.withLock({ $0.isOver }) {
      number += 1
      let id = "\(name)/\(client)/\(number)"
      let sku = skus.randomElement(using: &random) ?? ""
      let question = draw(sku, id, &random)
      // Some give up at once, so that nobody ever knows; the others repeat it under its request ID.
      let repeats = Int.random(in: 0..<6, using: &random) > 0
      await record(question, of: sku, id, client, repeats: repeats)
    }
  }

  private func draw(
    _ sku: String, _ id: String, _ random: inout SeededRandom
  ) -> Call.Question {
    let units = Quantity.random(in: 1...3, using: &random)
    let recent = state.withLock { $0.holds[sku, default: []].suffix(6) }
    let known = recent.randomElement(using: &random)
    switch Int.random(in: 0..<12, using: &random) {
    case 0, 1: return .receive(units)
    case 2, 3: return .sell(units, refusesShortage: Bool.random(using: &random))
    case 4...6:
      state.withLock { $0.holds[sku, default: []].append(id) }
      return .hold(id, units)
    case 7: return known.map { .commit($0) } ?? .read
    case 8: return known.map { .release($0) } ?? .read
    default: return .read
    }
  }

  private func record(
    _ question: Call.Question, of sku: String, _ id: String, _ client: Int, repeats: Bool
  ) async {
    var call = Call(
      sku: sku, client: client, question: question, begin: monotonicNanoseconds())
    let deadline = Deadline.after(patience)
    while call.answer == nil, !deadline.isPast {
      do {
        call.answer = try await ask(question, of: sku, id)
      } catch let failure as RPCError where Self.refusals.contains(failure.code) {
        call.answer = .refused
      } catch let failure as RPCError where Self.interruptions.contains(failure.code) {
        guard repeats else { break }
        await pause()
      } catch {
        state.withLock { $0.unexpected.append("\(question): \(error)") }
        break
      }
    }
    call.end = call.answer.map { _ in monotonicNanoseconds() }
    // A read that nobody heard of has done nothing.
    if call.end == nil, question == .read { return }
    state.withLock { $0.calls.append(call) }
    if call.end == nil { await waitUntilServed(sku, deadline) }
  }

  private static let refusals: [RPCCode] = [.failedPrecondition, .notFound]
  private static let interruptions: [RPCCode] = [.unavailable, .deadlineExceeded, .cancelled]

  private func pause() async {
    // Between two looks at another process. Nobody cancels it.
    try? await Task.sleep(for: .milliseconds(20))
  }

  /// So that a client leaves one call open in each crash, and not as many as fit into it.
  private func waitUntilServed(_ sku: String, _ deadline: Deadline) async {
    while !deadline.isPast, (try? await pool.getStock(.init(sku: sku))) == nil { await pause() }
  }

  private func ask(
    _ question: Call.Question, of sku: String, _ id: String
  ) async throws -> Call.Answer {
    switch question {
    case .receive(let units):
      let line = StockLine(sku: sku, locationID: "A", quantity: units)
      _ = try await pool.receiveStock(.init(lines: [line], requestID: id))
      return .done
    case .sell(let units, let refusesShortage):
      let line = SaleLine(lineID: "1", sku: sku, quantity: units)
      let answer = try await pool.recordSale(
        .init(
          orderID: id, channelID: "till", lines: [line], refuseShortage: refusesShortage,
          requestID: id))
      return .sold(oversold: answer.oversoldCount)
    case .hold(let hold, let units):
      _ = try await pool.createHold(
        .init(
          holdID: hold, owner: hold, lines: [.init(sku: sku, quantity: units)],
          expireTime: Self.expiry, requestID: id))
      return .done
    case .commit(let hold):
      _ = try await pool.commitHold(
        .init(holdID: hold, orderID: "order of \(hold)", requestID: id))
      return .done
    case .release(let hold):
      _ = try await pool.releaseHold(.init(holdID: hold, requestID: id))
      return .done
    case .read:
      let total = try await pool.getStock(.init(sku: sku)).total
      return .counted(
        onHand: total?.onHandCount ?? 0, held: total?.heldCount ?? 0,
        committed: total?.committedCount ?? 0)
    }
  }

  /// No hold ends on its own in a history: a day is longer than any.
  private static let expiry = SystemClock().now() + .seconds(24 * 3600)
}
