internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

/// Loyverse's API as an integrator meets it, below `/loyverse`: receipts, items, stock, tokens.
///
/// A shop of the sandbox is one store; stores with the same access token are one merchant's.
struct LoyversePlatform: Sendable {
  static let stem = "/loyverse"
  static let accessSeconds: Int64 = 30 * 86_400
  /// 300 calls in 300 seconds and merchant.
  private static let burst = 300.0
  private static let callsPerSecond = 1.0

  private enum Endpoint: Sendable {
    case read(@Sendable (any ReadTransaction, LoyverseCall) throws -> JSONValue)
    case write(@Sendable (Market, LoyverseCall) throws -> JSONValue)
  }

  let platform: Platform

  var route: HTTPRoute {
    HTTPRoute("*", "\(Self.stem)/*", maximumBodyBytes: SandboxLimits.bodyBytes) { await answer($0) }
  }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    let path = String(request.path.dropFirst(Self.stem.count))
    do {
      if path == LoyverseAuthorisation.pagePath {
        return await LoyverseAuthorisation.page(FormFields(request.query), platform)
      }
      if path == "/oauth/token" {
        return try await LoyverseAuthorisation.tokens(request, platform)
      }
      guard path.hasPrefix("/v1.0/") else { throw LoyverseError.unknown(path) }
      let shops = try await shops(of: request)
      return await platform.serve(shops[0].key, limited: LoyverseError.limited.response) {
        await serve(request, String(path.dropFirst(6)), shops)
      }
    } catch {
      return Self.refusal(error)
    }
  }

  private func serve(
    _ request: HTTPRequest, _ path: String, _ shops: [Shop]
  ) async -> HTTPResponse {
    do {
      let points = platform.faults.takePoints(
        1, of: shops[0].key, capacity: Self.burst, perSecond: Self.callsPerSecond)
      guard points.isTaken else { throw LoyverseError.limited }
      guard let endpoint = Self.endpoint(request.method, path) else {
        throw LoyverseError.unknown(path)
      }
      let call = LoyverseCall(
        shops: shops, query: FormFields(request.query), body: try Self.body(of: request))
      let answer =
        switch endpoint {
        case .read(let run): try await platform.read { try run($0, call) }
        case .write(let run): try await platform.change { try run($0, call) }
        }
      return .json(200, answer.bytes)
    } catch {
      return Self.refusal(error)
    }
  }

  private static func refusal(_ error: any Error) -> HTTPResponse {
    (error as? LoyverseError ?? .system).response
  }

  private static func endpoint(_ method: String, _ path: String) -> Endpoint? {
    switch (method, path) {
    case ("GET", "receipts"): .read(LoyverseReceipts.list)
    case ("GET", "stores"): .read(LoyverseAuthorisation.stores)
    case ("GET", "items"): .read(LoyverseStock.items)
    case ("GET", "inventory"): .read(LoyverseStock.levels)
    case ("POST", "inventory"): .write(LoyverseStock.set)
    case ("GET", _) where path.hasPrefix("receipts/"):
      .read { try LoyverseReceipts.get($0, $1, String(path.dropFirst(9))) }
    default: nil
    }
  }

  private static func body(of request: HTTPRequest) throws -> JSONValue {
    guard request.method != "GET" else { return [:] }
    guard (request.header("content-type") ?? "").lowercased().hasPrefix("application/json") else {
      throw LoyverseError(415, "UNSUPPORTED_MEDIA_TYPE", "The body is not JSON.")
    }
    guard let body = JSONValue(parsing: request.body), body.members != nil else {
      throw LoyverseError(400, "BAD_REQUEST", "The body is not a JSON object.")
    }
    return body
  }

  /// The stores of the merchant whose token the call shows; at least one.
  private func shops(of request: HTTPRequest) async throws -> [Shop] {
    let header = request.header("authorization") ?? ""
    let token = header.hasPrefix("Bearer ") ? String(header.dropFirst(7)) : ""
    let now = platform.clock.now()
    let shops = try await platform.read { transaction in
      try Self.all(transaction).filter { $0.accepts(token, at: now) }
    }
    guard !shops.isEmpty else { throw LoyverseError.unauthorised }
    return shops
  }

  static func all(_ transaction: any ReadTransaction) throws -> [Shop] {
    try transaction.shopKeys().filter { $0.channel == .loyverse }
      .compactMap { try transaction.shop($0) }
  }
}

/// One call of Loyverse's API.
struct LoyverseCall: Sendable {
  /// The stores that the token opens.
  var shops: [Shop]
  var query: FormFields
  var body: JSONValue

  /// The stores that a parameter names; all without it.
  func shops(named name: String) throws -> [Shop] {
    guard let text = query[name], !text.isEmpty else { return shops }
    return try text.split(separator: ",").map { id in
      guard let shop = shops.first(where: { $0.key.shopID == id }) else {
        throw LoyverseError.invalid("There is no store \(id).", field: name)
      }
      return shop
    }
  }

  /// A page of rows under a name, with the cursor of the next one.
  func page(_ name: String, _ rows: [JSONValue]) throws -> JSONValue {
    let limit = Int(query["limit"] ?? "50") ?? 0
    guard (1...250).contains(limit) else {
      throw LoyverseError(400, "INVALID_RANGE", "The limit is 1 to 250.", field: "limit")
    }
    let offset = Int(query["cursor"] ?? "0") ?? -1
    guard offset >= 0 else {
      throw LoyverseError(400, "INVALID_CURSOR", "The cursor is not valid.", field: "cursor")
    }
    let answer = JSONValue.object([
      .init(name: name, value: .array(Array(rows.dropFirst(offset).prefix(limit))))
    ])
    let next = offset + limit
    return next < rows.count ? answer.adding("cursor", .string(String(next))) : answer
  }
}
