internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Square's API as an integrator meets it, below `/square`: orders, stock, catalogue, tokens.
///
/// A shop of the sandbox is one location; locations with the same access token are one merchant's.
///
/// - Note: Source: square/connect-api-specification `api.json`; developer.squareup.com.
struct SquarePlatform: Sendable {
  static let stem = "/square"
  static let accessSeconds: Int64 = 30 * 86_400

  private enum Endpoint: Sendable {
    case read(@Sendable (any ReadTransaction, SquareCall) throws -> JSONValue)
    case write(@Sendable (Market, SquareCall) throws -> JSONValue)
  }

  let platform: Platform

  var route: HTTPRoute {
    HTTPRoute("*", "\(Self.stem)/*", maximumBodyBytes: SandboxLimits.bodyBytes) { await answer($0) }
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    let path = String(request.path.dropFirst(Self.stem.count))
    do throws(SquareError) {
      if path == SquareAuthorisation.pagePath {
        return await SquareAuthorisation.page(FormFields(request.query), platform)
      }
      if path == "/oauth2/token" {
        return try await SquareAuthorisation.tokens(request, platform)
      }
      guard path.hasPrefix("/v2/") else { throw .unknown("There is no \(path).") }
      let shops = try await shops(of: request)
      return await platform.serve(shops.first?.key, limited: SquareError.limited.response) {
        await serve(request, String(path.dropFirst(4)), shops)
      }
    } catch {
      return error.response
    }
  }

  private func serve(
    _ request: HTTPRequest, _ path: String, _ shops: [Shop]
  ) async -> HTTPResponse {
    do {
      let call = SquareCall(
        shops: shops, query: FormFields(request.query), body: try Self.body(of: request),
        now: platform.clock.now())
      guard let endpoint = Self.endpoint(request.method, path) else {
        throw SquareError.unknown("There is no \(request.method) /v2/\(path).")
      }
      let answer =
        switch endpoint {
        case .read(let run): try await platform.read { try run($0, call) }
        case .write(let run): try await platform.change { try run($0, call) }
        }
      return .json(200, answer.bytes)
    } catch let error as SquareError {
      return error.response
    } catch let refusal as MarketRefusal {
      return SquareError(refusal).response
    } catch {
      return SquareError.system.response
    }
  }

  private static func endpoint(_ method: String, _ path: String) -> Endpoint? {
    let order = path.hasPrefix("orders/") ? String(path.dropFirst(7)) : ""
    return switch (method, path) {
    case ("POST", "orders/search"): .read(SquareOrders.search)
    case ("GET", "locations"): .read(SquareAuthorisation.locations)
    case ("GET", "catalog/list"): .read(SquareCatalog.list)
    case ("POST", "inventory/counts/batch-retrieve"): .read(SquareInventory.counts)
    case ("POST", "inventory/changes/batch-retrieve"): .read(SquareInventory.adjustments)
    case ("POST", "inventory/changes/batch-create"): .write(SquareInventory.change)
    case ("GET", _) where !order.isEmpty: .read { try SquareOrders.get($0, $1, order) }
    case ("PUT", _) where !order.isEmpty: .write { try SquareOrders.update($0, $1, order) }
    default: nil
    }
  }

  private static func body(of request: HTTPRequest) throws -> JSONValue {
    guard request.method != "GET" else { return [:] }
    let type = (request.header("content-type") ?? "").lowercased()
    guard type.hasPrefix("application/json"), let body = JSONValue(parsing: request.body),
      body.members != nil
    else {
      throw SquareError(
        400, "INVALID_REQUEST_ERROR", "BAD_REQUEST", "The body is not a JSON object.")
    }
    return body
  }

  /// The locations of the merchant whose token the call shows.
  private func shops(of request: HTTPRequest) async throws(SquareError) -> [Shop] {
    let header = request.header("authorization") ?? ""
    let token = header.hasPrefix("Bearer ") ? String(header.dropFirst(7)) : ""
    let now = platform.clock.now()
    let all: [Shop]
    do {
      all = try await platform.read { try Self.all($0) }
    } catch {
      throw .system
    }
    let known = all.filter { !token.isEmpty && $0.accessToken == token }
    guard !known.isEmpty else {
      guard token.isEmpty || !all.contains(where: { $0.secret(Shop.revokedName) == token }) else {
        throw SquareError(
          401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_REVOKED", "The access token was revoked.")
      }
      throw SquareError(
        401, "AUTHENTICATION_ERROR", "UNAUTHORIZED", "This request could not be authorized.")
    }
    let open = known.filter { $0.accepts(token, at: now) }
    guard !open.isEmpty else {
      throw SquareError(
        401, "AUTHENTICATION_ERROR", "ACCESS_TOKEN_EXPIRED", "The access token has expired.")
    }
    return open
  }

  static func all(_ transaction: any ReadTransaction) throws -> [Shop] {
    try transaction.shopKeys().filter { $0.channel == .square }
      .compactMap { try transaction.shop($0) }
  }
}
