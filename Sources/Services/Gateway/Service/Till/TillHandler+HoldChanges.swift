internal import ChannelAdapter
internal import GatewayDomain
internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore

private struct ExtendBody: Decodable {
  enum CodingKeys: String, CodingKey {
    case expireSeconds = "expire_seconds"
  }
  var expireSeconds: Int?
}

private struct EditBody: Decodable {
  struct Line: Decodable {
    var sku: String
    var delta: Quantity
  }
  enum CodingKeys: String, CodingKey {
    case etag, lines
    case locationID = "location_id"
  }
  var etag: String
  /// Where the customer comes for it; the pool chooses without.
  var locationID: String?
  var lines: [Line]
}

extension TillHandler {
  /// `GET /till/v1/holds/<id>`: as it stands, with the version that an edit names.
  func getHold(
    _ request: HTTPRequest, _ account: ChannelAccount
  ) async throws(ErrorAnswer) -> HTTPResponse {
    let holdID = try identifier(
      HoldID.self, PercentCodec.decode(request.pathSuffix[...]), "hold_id")
    let hold = try await call {
      try await pool.getHold(GetHoldRequest(holdID: "\(account.accountID)/\(holdID)")).hold
    }
    return JSONAnswer.make(200, HoldAnswer(holdID, hold ?? Hold()))
  }

  /// The hold lasts that many seconds more from now, at least.
  func extend(
    _ request: HTTPRequest, _ holdID: HoldID, _ account: ChannelAccount
  ) async throws(ErrorAnswer) -> HTTPResponse {
    let body: ExtendBody = try read(request)
    let seconds = body.expireSeconds ?? GatewayLimits.usualHoldSeconds
    guard (1...GatewayLimits.holdSeconds).contains(seconds) else {
      throw ErrorAnswer(
        status: 400, code: "REQUEST_MALFORMED",
        message: "expire_seconds must be from 1 to \(GatewayLimits.holdSeconds).",
        field: "expire_seconds")
    }
    let wanted = ExtendHoldRequest(
      holdID: "\(account.accountID)/\(holdID)",
      expireTime: store.clock.now() + .seconds(seconds))
    let hold = try await call { try await pool.extendHold(wanted).hold }
    return JSONAnswer.make(200, HoldAnswer(holdID, hold ?? Hold()))
  }

  /// Units more or less, on the version that the shop knows. The same edit again is answered as the
  /// first one was.
  func edit(
    _ request: HTTPRequest, _ holdID: HoldID, _ account: ChannelAccount
  ) async throws(ErrorAnswer) -> HTTPResponse {
    let body: EditBody = try read(request)
    guard (1...GatewayLimits.holdLines).contains(body.lines.count) else {
      throw ErrorAnswer(
        status: 400, code: "REQUEST_MALFORMED",
        message: "lines must have 1 to \(GatewayLimits.holdLines) entries.", field: "lines")
    }
    let location = try location(body.locationID)
    var deltas: [HoldDelta] = []
    for (index, line) in body.lines.enumerated() {
      let sku = try identifier(SKU.self, line.sku, "lines[\(index)].sku")
      guard line.delta != 0, (-1_000_000...1_000_000).contains(line.delta) else {
        throw ErrorAnswer(
          status: 400, code: "REQUEST_MALFORMED",
          message: "lines[\(index)].delta must be within 1000000 either way, and not 0.",
          field: "lines[\(index)].delta")
      }
      for component in try await components(account.accountID, sku.text) {
        deltas.append(
          HoldDelta(
            sku: component.sku.text, deltaCount: line.delta * component.quantity,
            locationID: location))
      }
    }
    let wanted = DerivedRequestID.stamp(
      EditHoldRequest(
        holdID: "\(account.accountID)/\(holdID)", etag: body.etag, lines: deltas), \.requestID)
    let hold = try await call { try await pool.editHold(wanted).hold }
    return JSONAnswer.make(200, HoldAnswer(holdID, hold ?? Hold()))
  }
}

extension HoldAnswer {
  /// With what it sets aside by the pool's own SKUs.
  init(_ holdID: HoldID, _ hold: Hold) {
    self.init(
      holdID: holdID.text, state: "\(hold.state)",
      orderID: hold.orderID.isEmpty ? nil : hold.orderID, expireTime: hold.expireTime?.rfc3339,
      lines: hold.lines.map {
        Line(
          sku: $0.sku, quantity: $0.quantity,
          locationID: $0.locationID.isEmpty ? nil : $0.locationID)
      }, etag: hold.etag, retaken: hold.retaken)
  }
}
