import PoolAPI
import Primitives
import RPCCore

@testable import PoolService

/// Goods of one lot come in.
struct ReceiveLot: SimulatedCommand {
  var shelf: String
  var lot: Model.Lot
  var isIdempotent: Bool { false }
  var description: String {
    "receive \(lot.quantity)×\(shelf) of \(lot.id) until \(lot.expiry?.microseconds ?? 0)"
  }

  /// What moves comes without lots: the model does not know what is in a transfer.
  static func draw(_ hand: inout Hand) -> ReceiveLot? {
    let shelf = hand.shelf()
    guard Shelf.named(shelf).isEmpty else { return nil }
    let name = "L\(hand.count(1...3))"
    let known = hand.model.lots[shelf]?.first { $0.id == name }
    var expiry = hand.isLucky(6) ? nil : hand.clock + .seconds(hand.span())
    if let known, !hand.isLucky(4) { expiry = known.expiry }
    return ReceiveLot(
      shelf: shelf, lot: Model.Lot(id: name, expiry: expiry, quantity: hand.count(1...6)))
  }

  func call(
    _ pool: PoolServer, _ requestID: String, _ context: ServerContext
  ) async throws -> ReceiveStockResponse {
    let line = StockLine(
      sku: shelf, locationID: Shelf.location(shelf), quantity: lot.quantity, lotID: lot.id,
      lotExpireTime: lot.expiry)
    return try await pool.receiveStock(
      .init(lines: [line], requestID: requestID), context: context)
  }

  func words(_ response: ReceiveStockResponse) -> String {
    "\(response.balances.map(\.onHandCount))"
  }

  func apply(to model: inout Model) throws(Model.Refusal) -> String {
    if let expiry = lot.expiry, expiry <= model.now { throw Model.Refusal("LOT_EXPIRED") }
    let known = model.lots[shelf]?.first { $0.id == lot.id }
    var whole = lot
    whole.expiry = lot.expiry ?? known?.expiry
    if let known, known.expiry != whole.expiry { throw Model.Refusal("LOT_EXPIRY_DIFFERS") }
    model.onHand[shelf, default: 0] += lot.quantity
    model.put(whole, on: shelf)
    model.move()
    return "[\(model.onHand[shelf, default: 0])]"
  }
}
