internal import Primitives
internal import RPCCore
internal import StorageCore

/// WooCommerce's REST API v3 as an integrator meets it: below `/woocommerce/<site>/wp-json/wc/v3`.
struct WooCommercePlatform: Sendable {
  static let stem = "/woocommerce"

  /// An answer, and how many rows there are where it is a page of them.
  struct Answer: Sendable {
    var status = 200
    var json: JSONValue
    var total: Int?
    var pageSize = 10

    init(_ json: JSONValue, status: Int = 200) {
      self.json = json
      self.status = status
    }

    init(page rows: [JSONValue], total: Int, size: Int) {
      json = .array(rows)
      self.total = total
      pageSize = size
    }
  }

  let platform: Platform

  var route: HTTPRoute {
    HTTPRoute("*", "\(Self.stem)/*", maximumBodyBytes: SandboxLimits.bodyBytes) { await answer($0) }
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    guard let call = WooCommerceCall(request, at: platform.clock.now()) else {
      return Self.failure(.route)
    }
    // The plugin has no limit of its own: this is a host's.
    let limited = HTTPResponse(
      status: 429, headers: [("retry-after", "1")], body: Array("Too Many Requests".utf8))
    return await platform.serve(call.key, limited: limited) { await serve(call) }
  }

  private func serve(_ call: WooCommerceCall) async -> HTTPResponse {
    do {
      let answer: Answer
      if call.method == "GET" {
        answer = try await platform.read { transaction in
          try Self.read(transaction, try call.authorise(transaction), call)
        }
      } else {
        guard call.body.members != nil else {
          throw WooCommerceError(400, "rest_invalid_json", "Invalid JSON body passed.")
        }
        answer = try await platform.change { market in
          try Self.write(market, try call.authorise(market.transaction), call)
        }
      }
      return Self.response(answer)
    } catch let error as WooCommerceError {
      return Self.failure(error)
    } catch let refusal as MarketRefusal {
      return Self.failure(WooCommerceError(refusal))
    } catch {
      return Self.failure(WooCommerceError(500, "internal_server_error", "A fatal error occurred."))
    }
  }

  private static func read(
    _ transaction: any ReadTransaction, _ shop: Shop, _ call: WooCommerceCall
  ) throws -> Answer {
    let path = call.path
    switch (path.first, path.count) {
    case ("products", 1): return try WooCommerceProducts.list(transaction, shop, call)
    case ("products", 2):
      return Answer(try WooCommerceProducts.product(transaction, shop, path[1]))
    case ("products", 3) where path[2] == "variations":
      return try WooCommerceProducts.variations(transaction, shop, path[1], call)
    case ("orders", 1): return try WooCommerceOrders.list(transaction, shop, call)
    case ("orders", 2):
      return Answer(try WooCommerceOrders.json(of: path[1], transaction, shop))
    case ("orders", 3) where path[2] == "refunds":
      return try WooCommerceRefunds.list(transaction, shop, path[1], call)
    case ("orders", 3) where path[2] == "notes":
      return try WooCommerceOrders.notes(transaction, shop, path[1], call)
    case ("webhooks", 1): return try WooCommerceWebhooks.list(transaction, shop, call)
    default: throw WooCommerceError.route
    }
  }

  private static func write(
    _ market: Market, _ shop: Shop, _ call: WooCommerceCall
  ) throws -> Answer {
    let path = call.path
    switch (call.method, path.first, path.count) {
    case ("POST", "products", 2) where path[1] == "batch":
      return Answer(try WooCommerceProducts.batch(market, shop, parent: nil, call))
    case ("POST", "products", 4) where path[2] == "variations" && path[3] == "batch":
      return Answer(try WooCommerceProducts.batch(market, shop, parent: path[1], call))
    case ("PUT", "orders", 2):
      return Answer(try WooCommerceOrders.update(market, shop, path[1], call))
    case ("POST", "orders", 3) where path[2] == "refunds":
      return Answer(try WooCommerceRefunds.create(market, shop, path[1], call), status: 201)
    case ("POST", "orders", 3) where path[2] == "notes":
      return Answer(try WooCommerceOrders.addNote(market, shop, path[1], call), status: 201)
    case ("POST", "webhooks", 1):
      return Answer(try WooCommerceWebhooks.create(market, shop, call), status: 201)
    case ("PUT", "webhooks", 2):
      return Answer(try WooCommerceWebhooks.update(market, shop, path[1], call))
    default: throw WooCommerceError.route
    }
  }

  private static func response(_ answer: Answer) -> HTTPResponse {
    var response = HTTPResponse.json(answer.status, answer.json.bytes)
    if let total = answer.total {
      let pages = (total + answer.pageSize - 1) / answer.pageSize
      response.headers += [("x-wp-total", String(total)), ("x-wp-totalpages", String(pages))]
    }
    return response
  }

  private static func failure(_ error: WooCommerceError) -> HTTPResponse {
    .json(error.status, error.json.bytes)
  }
}
