internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Shopee Open Platform v2 as an integrator meets it: paths, signatures, tokens, envelopes.
///
/// The API lies below `/shopee`; what is signed begins with `/api/v2`. Failures come with HTTP 200
/// and a text in `error`, as the platform does it; only a fault that was asked for gives a 5xx.
struct ShopeePlatform: Sendable {
  static let stem = "/shopee"

  enum Endpoint: Sendable {
    case read(@Sendable (any ReadTransaction, Shop, ShopeeCall) throws -> JSONValue)
    case write(@Sendable (Market, Shop, ShopeeCall) throws -> JSONValue)
    /// As a reading; the whole envelope is its own.
    case readWhole(@Sendable (any ReadTransaction, Shop, ShopeeCall) throws -> JSONValue)
    /// Signed by the app alone, without a shop's token; the whole envelope is its own.
    case open(@Sendable (Market, ShopeeCall) throws -> JSONValue)
  }

  private static let table: [String: (method: String, endpoint: Endpoint)] = [
    "auth/token/get": ("POST", .open(ShopeeAuthorisation.create)),
    "shop/get_shop_info": ("GET", .readWhole(ShopeeAuthorisation.info)),
    "auth/access_token/get": ("POST", .open(ShopeeAuthorisation.refresh)),
    "push/get_lost_push_message": ("GET", .open(ShopeeLostPushes.list)),
    "push/confirm_consumed_lost_push_message": ("POST", .open(ShopeeLostPushes.confirm)),
    "order/get_order_list": ("GET", .read(ShopeeOrders.list)),
    "order/get_order_detail": ("GET", .read(ShopeeOrders.detail)),
    "order/cancel_order": ("POST", .write(ShopeeOrders.cancel)),
    "product/get_item_list": ("GET", .read(ShopeeProducts.list)),
    "product/get_item_base_info": ("GET", .read(ShopeeProducts.baseInfo)),
    "product/get_model_list": ("GET", .read(ShopeeProducts.models)),
    "product/search_item": ("GET", .read(ShopeeProducts.search)),
    "product/get_item_limit": ("GET", .read(ShopeeProducts.limits)),
    "product/get_item_promotion": ("GET", .read(ShopeeProducts.promotions)),
    "product/update_stock": ("POST", .write(ShopeeStock.update)),
    "logistics/get_shipping_parameter": ("GET", .read(ShopeeLogistics.parameter)),
    "logistics/ship_order": ("POST", .write(ShopeeLogistics.ship)),
    "logistics/get_tracking_number": ("GET", .read(ShopeeLogistics.trackingNumber)),
    "returns/get_return_list": ("GET", .read(ShopeeReturns.list)),
    "returns/get_return_detail": ("GET", .read(ShopeeReturns.detail)),
    "returns/confirm": ("POST", .write(ShopeeReturns.confirm)),
    "returns/dispute": ("POST", .write(ShopeeReturns.dispute)),
  ]

  let platform: Platform

  var route: HTTPRoute {
    HTTPRoute("*", "\(Self.stem)/*", maximumBodyBytes: SandboxLimits.bodyBytes) { await answer($0) }
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    let path = String(request.path.dropFirst(Self.stem.count))
    let query = FormFields(request.query)
    if path == ShopeeAuthorisation.pagePath, request.method == "GET" {
      return await ShopeeAuthorisation.page(
        ShopeeCall(path: path, query: query, body: [:], now: platform.clock.now()), platform)
    }
    guard path.hasPrefix("/api/v2/"), let (method, endpoint) = Self.table[String(path.dropFirst(8))]
    else { return Self.envelope(ShopeeError("error_not_found", "There is no API \(path).")) }
    guard request.method == method else {
      return Self.envelope(ShopeeError("error_param", "The method of \(path) is \(method)."))
    }
    let shop = query["shop_id"].map { Shop.Key(channel: .shopee, shopID: $0) }
    return await platform.serve(shop, limited: Self.envelope(.busy)) {
      await serve(request, path, query, endpoint)
    }
  }

  private func serve(
    _ request: HTTPRequest, _ path: String, _ query: FormFields, _ endpoint: Endpoint
  ) async -> HTTPResponse {
    do {
      let body = try Self.body(of: request)
      let call = ShopeeCall(path: path, query: query, body: body, now: platform.clock.now())
      return switch endpoint {
      case .read(let run):
        Self.envelope(
          try await platform.read { try run($0, call.authorise($0), call) })
      case .readWhole(let run):
        Self.whole(
          try await platform.read { try run($0, call.authorise($0), call) })
      case .write(let run):
        Self.envelope(
          try await platform.change { try run($0, call.authorise($0.transaction), call) })
      case .open(let run):
        Self.whole(try await platform.change { try run($0, call) })
      }
    } catch let error as ShopeeError {
      return Self.envelope(error)
    } catch let refusal as MarketRefusal {
      return Self.envelope(ShopeeError(refusal))
    } catch {
      return Self.envelope(.system)
    }
  }

  private static func body(of request: HTTPRequest) throws -> JSONValue {
    guard request.method == "POST" else { return [:] }
    let type = request.header("content-type") ?? ""
    guard type.lowercased().hasPrefix("application/json") else {
      throw ShopeeError.parameter("The content type must be application/json.")
    }
    guard let body = JSONValue(parsing: request.body), body.members != nil else {
      throw ShopeeError.parameter("The body is not a JSON object.")
    }
    return body
  }

  private static func envelope(_ response: JSONValue) -> HTTPResponse {
    whole(["response": response])
  }

  private static func whole(_ members: JSONValue) -> HTTPResponse {
    var envelope: JSONValue = [
      "request_id": .string(UUIDText.random()), "error": "", "message": "", "warning": "",
    ]
    for member in members.members ?? [] { envelope = envelope.adding(member.name, member.value) }
    return .json(200, envelope.bytes)
  }

  private static func envelope(_ error: ShopeeError) -> HTTPResponse {
    let envelope: JSONValue = [
      "request_id": .string(UUIDText.random()), "error": .string(error.code),
      "message": .string(error.message),
    ]
    return .json(200, envelope.bytes)
  }
}
