internal import Primitives
internal import RPCCore
internal import StorageCore

/// What the platforms and the control API share: the store, the faults and the way out.
struct Platform: Sendable {
  let database: any Database
  let faults: FaultDesk
  let pump: DeliveryPump
  let clock: any WallClock

  func read<T: Sendable>(
    _ body: @escaping @Sendable (any ReadTransaction) throws -> T
  ) async throws -> T {
    try await database.read(until: .after(SandboxLimits.storeWait), body)
  }

  /// Changes the market in one transaction; its events go out once it is durable.
  ///
  /// - Parameter span: how long ago it happened.
  func change<T: Sendable>(
    ago span: Duration = .zero, _ body: @escaping @Sendable (Market) throws -> T
  ) async throws -> T {
    let faults = faults
    let now = clock.now() - span
    let (value, deliveries) = try await database.write(until: .after(SandboxLimits.storeWait)) {
      transaction in
      let market = Market(transaction, now: now, faults: faults)
      let value = try body(market)
      return (value, market.deliveries)
    }
    pump.schedule(deliveries)
    return value
  }

  /// Serves one API call, unless the faults that were asked for have it otherwise.
  func serve(
    _ shop: Shop.Key?, limit: Double? = nil, kind: String = "", limited: HTTPResponse,
    _ body: () async -> HTTPResponse
  ) async -> HTTPResponse {
    guard let shop else { return await body() }
    let fate = faults.fate(of: shop, limit: limit, kind: kind)
    let latency = faults.latency(of: shop.channel)
    // Cancelled only when the process ends; then it does not matter.
    if latency > .zero { _ = try? await Task.sleep(for: latency) }
    switch fate {
    case .served: return await body()
    case .limited: return limited
    case .failedBefore(let status): return .text(status, "The platform has a problem.\n")
    case .failedAfter(let status):
      _ = await body()
      return .text(status, "The platform has a problem.\n")
    case .late(let span):
      let answer = await body()
      // Cancelled only when the process ends; then the answer's time does not matter.
      _ = try? await Task.sleep(for: span)
      return answer
    }
  }
}

extension Timestamp {
  /// Unix seconds with nothing behind them, as Shopee and Lazada write them.
  var unix: JSONValue { .integer(seconds) }
  var milliseconds: Int64 { microseconds / 1_000 }
}
