internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Lazada Open Platform as an integrator meets it: below `/lazada`, what is signed begins behind
/// it.
struct LazadaPlatform: Sendable {
  static let stem = "/lazada"
  /// Stock calls a second and seller. Source: Lazada document 121234.
  static let stockCallsPerSecond = 50.0

  typealias Reading = @Sendable (any ReadTransaction, Shop, LazadaCall) throws -> JSONValue

  enum Endpoint: Sendable {
    /// By GET.
    case read(Reading)
    case readByPost(Reading)
    /// By POST.
    case write(@Sendable (Market, Shop, LazadaCall) throws -> JSONValue)
    /// Signed by the app alone; its answer has no `data`.
    case open(@Sendable (Market, [Shop], LazadaCall) throws -> JSONValue)

    var method: String? {
      switch self {
      case .read: "GET"
      case .readByPost, .write: "POST"
      case .open: nil
      }
    }
  }

  private static let table: [String: Endpoint] = [
    "/auth/token/refresh": .open(LazadaAuthorisation.refresh),
    "/auth/token/create": .open(LazadaAuthorisation.create),
    "/orders/get": .read(LazadaOrders.list),
    "/order/get": .read(LazadaOrders.order),
    "/order/items/get": .read(LazadaOrders.items),
    "/orders/items/get": .read(LazadaOrders.itemsOfMany),
    "/products/get": .read(LazadaProducts.list),
    "/product/item/get": .read(LazadaProducts.item),
    "/seller/warehouse/get": .read(LazadaProducts.warehouses),
    "/product/price_quantity/update": .write(LazadaStock.total),
    "/product/stock/sellable/update": .write(LazadaStock.sellable),
    "/product/stock/sellable/adjust": .write(LazadaStock.adjust),
    "/order/shipment/providers/get": .read(LazadaFulfilment.providers),
    "/order/fulfill/pack": .write(LazadaFulfilment.pack),
    "/order/package/document/get": .readByPost(LazadaFulfilment.document),
    "/order/package/rts": .write(LazadaFulfilment.ready),
    "/order/reverse/cancel/validate": .read(LazadaReverse.validate),
    "/order/reverse/cancel/create": .write(LazadaReverse.cancel),
    "/reverse/getreverseordersforseller": .read(LazadaReverse.list),
    "/order/reverse/return/detail/list": .read(LazadaReverse.detail),
    "/order/reverse/return/update": .write(LazadaReverse.update),
  ]

  let platform: Platform

  var route: HTTPRoute {
    HTTPRoute("*", "\(Self.stem)/*", maximumBodyBytes: SandboxLimits.bodyBytes) { await answer($0) }
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    let path = String(request.path.dropFirst(Self.stem.count))
    if path == LazadaAuthorisation.pagePath, request.method == "GET" {
      return await LazadaAuthorisation.page(FormFields(request.query), platform)
    }
    let call = LazadaCall(request, path: path, now: platform.clock.now())
    guard let endpoint = Self.table[path] else {
      return Self.envelope(.app("InvalidApiPath", "The specified API path \(path) is invalid"))
    }
    guard request.method == "GET" || request.method == "POST" else {
      return Self.envelope(.app("UnsupportedMethod", "GET and POST are served"))
    }
    let isStock = path.hasPrefix("/product/price") || path.hasPrefix("/product/stock")
    // Which seller it is follows from the token; until the token is read, the app's limit is the
    // seller's.
    let shop = Shop.Key(channel: .lazada, shopID: call.parameters["access_token"] ?? "")
    return await platform.serve(
      shop, limit: isStock ? Self.stockCallsPerSecond : nil, kind: "stock",
      limited: Self.envelope(.limited)
    ) { await serve(call, endpoint, request.method) }
  }

  private func serve(
    _ call: LazadaCall, _ endpoint: Endpoint, _ method: String
  ) async -> HTTPResponse {
    do {
      if let wanted = endpoint.method, wanted != method {
        throw LazadaError.app("UnsupportedMethod", "\(wanted) is served")
      }
      switch endpoint {
      case .read(let run), .readByPost(let run):
        return Self.envelope([
          "data": try await platform.read { try run($0, call.authorise($0), call) }
        ])
      case .write(let run):
        let (data, refused) = try await platform.change { market in
          (try run(market, call.authorise(market.transaction), call), market.refusedEntries)
        }
        // What was done for the other SKUs stays.
        guard refused.isEmpty else {
          throw LazadaError.seller("501", "E501: Update product failed", refused)
        }
        return Self.envelope(["data": data])
      case .open(let run):
        return Self.envelope(
          try await platform.change { try run($0, call.authoriseApp($0.transaction), call) })
      }
    } catch let error as LazadaError {
      return Self.envelope(error)
    } catch let refusal as MarketRefusal {
      return Self.envelope(LazadaError(refusal))
    } catch {
      return Self.envelope(.system)
    }
  }

  private static func envelope(_ members: JSONValue) -> HTTPResponse {
    var envelope: JSONValue = ["code": "0"]
    for member in members.members ?? [] { envelope = envelope.adding(member.name, member.value) }
    return .json(200, envelope.adding("request_id", .string(UUIDText.random())).bytes)
  }

  private static func envelope(_ error: LazadaError) -> HTTPResponse {
    var envelope: JSONValue = [
      "type": .string(error.type), "code": .string(error.code), "message": .string(error.message),
      "request_id": .string(UUIDText.random()),
    ]
    if !error.detail.isEmpty { envelope = envelope.adding("detail", .array(error.detail)) }
    return .json(200, envelope.bytes)
  }
}
