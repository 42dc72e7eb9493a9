import Kit
import PoolAPI
import RPCCore
import Synchronization

/// The part of the pool that orders call: it knows repeats by their request ID, and it can be down, act and lose
/// its answer, or refuse.
final class FakePool: RPCService {
  enum Mood: Sendable, Equatable {
    case well
    /// Not reached: does nothing.
    case down
    /// Acts, and the answer is lost.
    case deaf
    case refusing
  }

  private struct State {
    var moods: [Mood] = []
    var lasting = Mood.well
    var calls = 0
    var bodies: [String: [UInt8]] = [:]
    var effects: [String] = []
    var shipments: [ShipSaleRequest] = []
  }

  private let state = Mutex(State())
  /// How many effects there were.
  let changed = FeedSignal()

  /// What was done, in order: `ship shop/1 a=2 b=1`.
  var effects: [String] { state.withLock { $0.effects } }
  /// Every shipment that was told, repeats included.
  var shipments: [ShipSaleRequest] { state.withLock { $0.shipments } }
  var calls: Int { state.withLock { $0.calls } }

  /// The next calls meet `moods`; those after them the lasting one.
  func be(_ moods: Mood..., then lasting: Mood = .well) {
    state.withLock { state in
      state.moods = moods
      state.lasting = lasting
    }
  }

  var definition: ServiceDefinition {
    ServiceDefinition(
      name: "onepool.pool.v1.PoolService", file: .onepoolPoolV1PoolService,
      methods: [
        .unary(PoolServiceMethods.shipSale, ShipSaleRequest.self, ShipSaleResponse.self) {
          request, _ in
          self.state.withLock { $0.shipments.append(request) }
          let totals = request.lines.map { " \($0.lineID)=\($0.totalCount)" }.joined()
          try self.take(
            request.requestID, request.serialized(), "ship \(request.orderID)\(totals)")
          return ShipSaleResponse()
        },
        .unary(PoolServiceMethods.cancelSale, CancelSaleRequest.self, CancelSaleResponse.self) {
          request, _ in
          let totals = request.lines.map { " \($0.lineID)=\($0.totalCount)" }.joined()
          try self.take(
            request.requestID, request.serialized(), "cancel \(request.orderID)\(totals)")
          return CancelSaleResponse()
        },
        .unary(PoolServiceMethods.returnStock, ReturnStockRequest.self, ReturnStockResponse.self) {
          request, _ in
          let lines = request.lines.map {
            " \($0.sku)=\($0.quantity) \($0.disposition) at \($0.locationID) line \($0.lineID)"
          }.joined()
          try self.take(
            request.requestID, request.serialized(),
            "return \(request.returnID) of \(request.orderID)\(lines)")
          return ReturnStockResponse()
        },
      ])
  }

  private func take(_ requestID: String, _ body: [UInt8], _ effect: String) throws {
    let isNew = try state.withLock { state -> Bool in
      state.calls += 1
      let mood = state.moods.isEmpty ? state.lasting : state.moods.removeFirst()
      if mood == .down { throw RPCError(.unavailable, "", "The pool is down.") }
      if mood == .refusing { throw RPCError(.notFound, "SALE_UNKNOWN", "There is no such sale.") }
      guard !requestID.isEmpty, state.bodies[requestID, default: body] == body else {
        throw RPCError(.invalidArgument, "REQUEST_ID_REUSED", "Another body.")
      }
      let isNew = state.bodies.updateValue(body, forKey: requestID) == nil
      if isNew { state.effects.append(effect) }
      if mood == .deaf {
        if isNew { changed.raise() }
        throw RPCError(.unavailable, "", "The connection broke.")
      }
      return isNew
    }
    if isNew { changed.raise() }
  }
}
