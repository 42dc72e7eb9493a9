internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Shopify's Admin API as an integrator meets it: GraphQL below `/shopify/<shop domain>`.
///
/// A document may hold any query or mutation of `ShopifyQueries` and `ShopifyMutations`, with
/// variables or with values written into it, aliases and fragments; only what it selects is
/// answered. IDs are `gid://shopify/<Type>/<number>`. `inventorySetQuantities` and
/// `inventoryAdjustQuantities` need `@idempotent(key: …)` at the field and `changeFromQuantity` in
/// each entry.
struct ShopifyPlatform: Sendable {
  static let stem = "/shopify"
  /// Versions that are served; older ones have no mandatory idempotency and are refused.
  private static let versions = ["2026-04", "2026-07", "2026-10", "2027-01"]
  /// Points that come back a second on the Plus plan. Source: shopify.dev usage/limits.
  private static let pointsPerSecond = 1_000.0
  private static let pointCapacity = 20_000.0

  let platform: Platform

  var route: HTTPRoute {
    HTTPRoute("*", "\(Self.stem)/*", maximumBodyBytes: SandboxLimits.bodyBytes) { await answer($0) }
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    let parts = request.path.dropFirst(Self.stem.count + 1).split(separator: "/").map(String.init)
    guard parts.count >= 4, parts[1] == "admin" else { return Self.failure(404, "Not Found") }
    let key = Shop.Key(channel: .shopify, shopID: parts[0])
    if parts[2...].elementsEqual(["oauth", "authorize"]), request.method == "GET" {
      return await ShopifyAuthorisation.page(key, FormFields(request.query), platform)
    }
    guard request.method == "POST" else { return Self.failure(404, "Not Found") }
    let limited = Self.throttled(level: 0)
    return await platform.serve(key, limited: limited) {
      if parts[2...].elementsEqual(["oauth", "access_token"]) {
        return await ShopifyAuthorisation.tokens(key, request, platform)
      }
      guard parts.count == 5, parts[2] == "api", parts[4] == "graphql.json" else {
        return Self.failure(404, "Not Found")
      }
      guard Self.versions.contains(parts[3]) else { return Self.failure(404, "Not Found") }
      return await graph(key, request)
    }
  }

  private func graph(_ key: Shop.Key, _ request: HTTPRequest) async -> HTTPResponse {
    let type = (request.header("content-type") ?? "").lowercased()
    guard type.hasPrefix("application/json") else {
      return Self.failure(415, "Unsupported Media Type")
    }
    guard let body = JSONValue(parsing: request.body), let text = body["query"].string else {
      return Self.failure(400, "Bad Request")
    }
    let token = request.header("x-shopify-access-token") ?? ""
    do {
      let executor = try GraphExecutor(
        try GraphParser.parse(text), operation: body["operationName"].string,
        variables: body["variables"], inputs: ShopifyInputs.table)
      let isMutation = executor.operation.kind == "mutation"
      let cost = isMutation ? 10.0 : Double(1 + (try executor.rootNames().count))
      let points = platform.faults.takePoints(
        cost, of: key, capacity: Self.pointCapacity, perSecond: Self.pointsPerSecond)
      guard points.isTaken else { return Self.throttled(level: points.level) }
      let now = platform.clock.now()
      let data: JSONValue
      if isMutation {
        data = try await platform.change { market in
          let shop = try Self.shop(key, token, market.transaction, now)
          let data = try executor.run(ShopifyMutations(market, shop).root)
          if market.isRefused { throw Refused(data: data) }
          return data
        }
      } else {
        data = try await platform.read { transaction in
          let shop = try Self.shop(key, token, transaction, now)
          return try executor.run(ShopifyQueries(transaction, shop).root)
        }
      }
      let answer: JSONValue = ["data": data, "extensions": Self.cost(cost, level: points.level)]
      return .json(200, answer.bytes)
    } catch let error as GraphError {
      return Self.errors(error)
    } catch let refused as Refused {
      return .json(200, (["data": refused.data] as JSONValue).bytes)
    } catch let refusal as MarketRefusal {
      return Self.errors(GraphError("\(refusal)", code: "BAD_REQUEST"))
    } catch is TokenRefused {
      return Self.failure(
        401, "[API] Invalid API key or access token (unrecognized login or wrong password)")
    } catch {
      return Self.failure(500, "Internal Server Error")
    }
  }

  private struct TokenRefused: Error {}

  /// A mutation with user errors: answered, and nothing of it is kept.
  private struct Refused: Error {
    var data: JSONValue
  }

  private static func shop(
    _ key: Shop.Key, _ token: String, _ transaction: any ReadTransaction, _ now: Timestamp
  ) throws -> Shop {
    guard let shop = try transaction.shop(key), shop.accepts(token, at: now) else {
      throw TokenRefused()
    }
    return shop
  }

  private static func cost(_ cost: Double, level: Double) -> JSONValue {
    [
      "cost": [
        "requestedQueryCost": .integer(Int64(cost)), "actualQueryCost": .integer(Int64(cost)),
        "throttleStatus": [
          "maximumAvailable": .number(pointCapacity), "currentlyAvailable": .integer(Int64(level)),
          "restoreRate": .number(pointsPerSecond),
        ],
      ]
    ]
  }

  private static func throttled(level: Double) -> HTTPResponse {
    let answer: JSONValue = [
      "errors": [["message": "Throttled", "extensions": ["code": "THROTTLED"]]],
      "extensions": cost(10, level: level),
    ]
    return .json(200, answer.bytes)
  }

  private static func errors(_ error: GraphError) -> HTTPResponse {
    let answer: JSONValue = [
      "errors": [
        [
          "message": .string(error.message),
          "extensions": error.code.isEmpty ? [:] : ["code": .string(error.code)],
        ]
      ]
    ]
    return .json(200, answer.bytes)
  }

  private static func failure(_ status: Int, _ text: String) -> HTTPResponse {
    .json(status, (["errors": .string(text)] as JSONValue).bytes)
  }
}
