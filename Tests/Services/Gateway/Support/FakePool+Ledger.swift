import PoolAPI
import Primitives
import RPCCore

extension FakePool.State {
  mutating func move(_ kind: Movement.Kind, _ sku: String, _ count: Int64, _ orderID: String) {
    guard count > 0 else { return }
    movements.append(
      Movement(
        sequence: Int64(movements.count) + 1, commitTime: SystemClock().now(), kind: kind, sku: sku,
        locationID: "MAIN", quantity: count, orderID: orderID))
  }
}

extension FakePool {
  func getSale(_ request: GetSaleRequest, context: ServerContext) async throws -> GetSaleResponse {
    try faults.step("getSale") {
      let (lines, oversold) = state.withLock {
        ($0.lines[request.orderID] ?? [:], $0.oversold[request.orderID] ?? [:])
      }
      guard !lines.isEmpty else {
        throw RPCError(.notFound, "ORDER_UNKNOWN", "No order \(request.orderID).")
      }
      return GetSaleResponse(
        orderID: request.orderID,
        lines: lines.sorted { $0.key < $1.key }.map { id, line in
          SaleLineState(
            lineID: id, sku: line.sku, soldCount: line.sold, cancelledCount: line.cancelled,
            oversoldCount: oversold[line.sku] ?? 0)
        })
    }
  }

  func getStock(
    _ request: GetStockRequest, context: ServerContext
  ) async throws -> GetStockResponse {
    try faults.step("getStock") {
      GetStockResponse(
        total: Balance(sku: request.sku, availableCount: available(request.sku)))
    }
  }

  func exportMovements(
    _ request: ExportMovementsRequest, responses: ResponseWriter<ExportMovementsResponse>,
    context: ServerContext
  ) async throws {
    let found = try faults.step("exportMovements") {
      state.withLock { state in
        state.movements.filter { movement in
          movement.sku == request.sku
            && (movement.commitTime ?? .zero) >= (request.startTime ?? .zero)
        }
      }
    }
    try await responses.write(ExportMovementsResponse(movements: found))
  }
}
