internal import ChannelAdapter
internal import Kit
internal import Primitives
internal import RPCCore

/// `GET /oauth/<channel>/callback`: where a channel sends a merchant back to, with a code. The state, in the query or as the
/// path's last part, is that of a link that was made here.
struct AuthorisationPages: Sendable {
  let handler: GatewayHandler

  var route: HTTPRoute { HTTPRoute("GET", "/oauth/*") { await answer($0) } }

  private func answer(_ request: HTTPRequest) async -> HTTPResponse {
    let parts = request.pathSuffix.split(separator: "/").map(String.init)
    guard (2...3).contains(parts.count), parts[1] == "callback",
      let channelID = try? ChannelID(parts[0]), let adapter = handler.gateway.registry[channelID]
    else { return .page(404, "There is no such page.") }
    let parameters = QueryParameters.read(request.query)
    let state = parts.count == 3 ? parts[2] : parameters["state"] ?? ""
    guard let entry = await handler.gateway.authorisations.take(state, of: channelID) else {
      return .page(
        400,
        "This link is over, was used before, or is none of ours. Start the authorisation again.")
    }
    // TikTok's older pages call it `auth_code`.
    guard let code = parameters["code"] ?? parameters["auth_code"], !code.isEmpty else {
      return .page(400, "The channel sent no code: the authorisation was not given.")
    }
    return await connect(
      entry,
      AuthorisationGrant(code: code, redirectURL: entry.redirectURL, parameters: parameters),
      adapter)
  }

  private func connect(
    _ entry: PendingAuthorisations.Entry, _ grant: AuthorisationGrant, _ adapter: any ChannelAdapter
  ) async -> HTTPResponse {
    let gateway = handler.gateway
    let accountID = entry.connection.account.accountID
    do {
      let prepared = try await handler.prepare(
        entry.connection, entry.displayName, adapter, grant)
      let keys = gateway.keys
      try await gateway.store.save(prepared.connection, keys)
      await gateway.connect(prepared.connection, wanted: prepared.wanted, adapter)
      gateway.log.info("an account was authorised", ["account": accountID])
      return .page(200, "Account \(accountID) is connected. You may close this page.")
    } catch {
      let refusal = (error as? any RPCErrorConvertible)?.rpcError.message
      gateway.log.warning(
        "an account could not be authorised",
        ["account": accountID, "error": refusal ?? "\(error)"])
      // What is wrong here is nothing for a merchant.
      return .page(
        refusal == nil ? 500 : 400,
        "Account \(accountID) could not be connected. \(refusal ?? "The gateway's log says why.")")
    }
  }
}

extension HTTPResponse {
  /// For a person. The page's address holds a code, which nobody else is to hear of.
  fileprivate static func page(_ status: Int, _ text: String) -> HTTPResponse {
    var response = HTTPResponse.text(status, text + "\n")
    response.headers += [
      ("cache-control", "no-store"), ("referrer-policy", "no-referrer"),
      ("x-content-type-options", "nosniff"),
    ]
    return response
  }
}

/// The decoded parameters of a query (`application/x-www-form-urlencoded`).
enum QueryParameters {
  /// The first value of each name.
  static func read(_ query: String) -> [String: String] {
    var found: [String: String] = [:]
    for pair in query.split(separator: "&").prefix(GatewayLimits.queryParameters) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = decoded(parts[0])
      if found[name] == nil { found[name] = parts.count > 1 ? decoded(parts[1]) : "" }
    }
    return found
  }

  /// What is no escape stays as it is.
  private static func decoded(_ text: Substring) -> String {
    let source = Array(text.utf8)
    var bytes: [UInt8] = []
    var index = 0
    while index < source.count {
      let byte = source[index]
      if byte == UInt8(ascii: "%"), index + 2 < source.count,
        let value = Hex.decode(String(decoding: source[index + 1...index + 2], as: UTF8.self))?
          .first
      {
        bytes.append(value)
        index += 3
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
        index += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
