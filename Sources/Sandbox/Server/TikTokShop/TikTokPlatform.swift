internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// TikTok Shop Partner API as an integrator meets it: below `/tiktok`, what is signed begins behind it.
struct TikTokPlatform: Sendable {
  static let stem = "/tiktok"
  /// Calls a second for each API, app and shop. Source: TikTok Shop Partner Center, rate limits.
  static let callsPerSecond = 50.0

  enum Endpoint: Sendable {
    case read(@Sendable (any ReadTransaction, Shop, TikTokCall) throws -> JSONValue)
    case write(@Sendable (Market, Shop, TikTokCall) throws -> JSONValue)
    /// Of the token's seller, without a shop.
    case seller(@Sendable (Shop) -> JSONValue)
    /// Neither signed nor with a token.
    case open(@Sendable (Market, TikTokCall) throws -> JSONValue)
  }

  /// By method and path, in which a star stands for one ID.
  private static let table: [String: Endpoint] = [
    "GET /api/v2/token/get": .open(TikTokAuthorisation.create),
    "GET /api/v2/token/refresh": .open(TikTokAuthorisation.refresh),
    "GET /authorization/202309/shops": .seller(TikTokAuthorisation.shops),
    "POST /order/202309/orders/search": .read(TikTokOrders.search),
    "GET /order/202309/orders": .read(TikTokOrders.detail),
    "POST /product/202502/products/search": .read(TikTokProducts.search),
    "GET /product/202309/products/*": .read(TikTokProducts.detail),
    "POST /product/202309/products/deactivate": .write(TikTokProducts.deactivate),
    "POST /product/202309/products/*/inventory/update": .write(TikTokStock.update),
    "POST /product/202309/inventory/search": .read(TikTokStock.search),
    "GET /fulfillment/202309/packages/*/handover_time_slots": .read(TikTokFulfilment.slots),
    "POST /fulfillment/202309/packages/*/ship": .write(TikTokFulfilment.ship),
    "POST /fulfillment/202309/orders/*/packages": .write(TikTokFulfilment.markShipped),
    "GET /logistics/202309/delivery_options/*/shipping_providers":
      .read(TikTokFulfilment.providers),
    "POST /return_refund/202309/cancellations": .write(TikTokReturns.cancel),
    "POST /return_refund/202309/returns/search": .read(TikTokReturns.search),
    "POST /return_refund/202309/returns/*/approve": .write(TikTokReturns.approve),
    "POST /return_refund/202309/returns/*/reject": .write(TikTokReturns.reject),
  ]

  let platform: Platform

  var route: HTTPRoute {
    HTTPRoute("*", "\(Self.stem)/*", maximumBodyBytes: SandboxLimits.bodyBytes) { await answer($0) }
  }

  private static func endpoint(_ method: String, _ path: String) -> (String, Endpoint, String)? {
    if let endpoint = table["\(method) \(path)"] { return (path, endpoint, "") }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    for index in parts.indices.dropFirst() where !parts[index].isEmpty {
      var pattern = parts
      pattern[index] = "*"
      let name = pattern.joined(separator: "/")
      if let endpoint = table["\(method) \(name)"] { return (name, endpoint, parts[index]) }
    }
    return nil
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    let path = String(request.path.dropFirst(Self.stem.count))
    if path == TikTokAuthorisation.pagePath, request.method == "GET" {
      return await TikTokAuthorisation.page(FormFields(request.query), platform)
    }
    guard let (name, endpoint, id) = Self.endpoint(request.method, path) else {
      return Self.envelope(.path)
    }
    let call = TikTokCall(request, path: path, id: id, now: platform.clock.now())
    // Which shop it is follows from the token; until the token is read, the caller's limit is the shop's.
    let shop = Shop.Key(channel: .tiktok, shopID: call.token)
    return await platform.serve(
      shop, limit: Self.callsPerSecond, kind: name, limited: Self.envelope(.limited)
    ) { await serve(call, endpoint) }
  }

  private func serve(_ call: TikTokCall, _ endpoint: Endpoint) async -> HTTPResponse {
    do {
      let data: JSONValue
      switch endpoint {
      case .read(let run):
        data = try await platform.read { try run($0, call.authorise($0), call) }
      case .write(let run):
        data = try await platform.change { try run($0, call.authorise($0.transaction), call) }
      case .seller(let run):
        data = try await platform.read { run(try call.authorise($0, ofShop: false)) }
      case .open(let run):
        data = try await platform.change { try run($0, call) }
      }
      return Self.envelope(200, 0, "Success", data)
    } catch let error as TikTokError {
      return Self.envelope(error)
    } catch let refusal as MarketRefusal {
      return Self.envelope(TikTokError(refusal))
    } catch {
      return Self.envelope(.system)
    }
  }

  private static func envelope(_ error: TikTokError) -> HTTPResponse {
    envelope(error.status, error.code, error.message, .null)
  }

  private static func envelope(
    _ status: Int, _ code: Int64, _ message: String, _ data: JSONValue
  ) -> HTTPResponse {
    let body: JSONValue = [
      "code": .integer(code), "data": data, "message": .string(message),
      "request_id": .string(UUIDText.random()),
    ]
    return .json(status, body.bytes)
  }
}
