internal import ChannelAdapter
internal import GatewayAPI
internal import GatewayDomain
internal import Kit
internal import MappingAPI
internal import Primitives
internal import Protobuf
internal import RPCCore

/// What operators ask of the gateway. Each method that is more than a few lines has its own file.
struct GatewayHandler: GatewayServiceHandler {
  let gateway: Gateway

  var store: GatewayStore { gateway.store }

  /// What a repeated request was answered the first time; nil when it is new. Another body of the same ID is refused.
  func firstAnswer<Request: Message, Response: Message>(
    _ requestID: String, _ request: Request
  ) async throws -> Response? {
    guard !requestID.isEmpty else { return nil }
    let now = store.clock.now()
    do {
      return try await store.write { transaction in
        try transaction.once(requestID, request, now: now) { throw NotYetAnswered() }
      }
    } catch is NotYetAnswered {
      return nil
    }
  }

  private struct NotYetAnswered: Error {}
}
