import PoolAPI
import Primitives
import Protobuf
import RPCCore

@testable import PoolService

/// A command as a client sends it, once or several times.
struct SimulatedRequest: Sendable {
  var client: Int
  /// Which of the client's requests it is.
  var number: Int
  /// Empty when the client gives none.
  var id: String
  var command: any SimulatedCommand
  /// Whether it comes after its deadline.
  var isLate = false

  /// Under which it gets the same answer again.
  var key: String { "\(id): \(command)" }
}

/// What comes back.
struct Reply: Equatable, Sendable {
  var outcome: Outcome
  /// The whole answer, which a repeat has to get again.
  var bytes: [UInt8] = []
}

/// A request on its way through the server.
///
/// `@unchecked Sendable`: the simulation has one thread.
final class Delivery: @unchecked Sendable {
  let request: SimulatedRequest
  var reply: Reply?

  init(_ request: SimulatedRequest) {
    self.request = request
  }

  func run(on pool: PoolServer) async {
    reply = await request.command.reply(of: pool, to: request)
  }
}

extension SimulatedCommand {
  fileprivate func reply(of pool: PoolServer, to request: SimulatedRequest) async -> Reply {
    let context = ServerContext(
      method: PoolServiceMethods.recordSale,
      deadline: request.isLate ? Deadline(nanoseconds: 0) : .never)
    do {
      let response = try await call(pool, request.id, context)
      return Reply(outcome: .done(words(response)), bytes: response.serialized())
    } catch {
      guard let known = (error as? any RPCErrorConvertible)?.rpcError else {
        return Reply(outcome: .refused("\(error)"))
      }
      return Reply(outcome: known.code == .unavailable ? .unknown : .refused(known.reason))
    }
  }
}
