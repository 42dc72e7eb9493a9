internal import ChannelAdapter
internal import Foundation
internal import GatewayDomain
internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// What a till or shop asks to be set aside.
private struct HoldBody: Decodable {
  struct Line: Decodable {
    var sku: String
    var quantity: Quantity
  }
  enum CodingKeys: String, CodingKey {
    case owner, lines, zone
    case holdID = "hold_id"
    case locationID = "location_id"
    case expireSeconds = "expire_seconds"
  }
  var holdID: String?
  var owner: String?
  /// Where the customer is.
  var zone: String?
  /// Where the customer comes for it; the pool chooses without.
  var locationID: String?
  var expireSeconds: Int?
  var lines: [Line]
}

private struct CommitBody: Decodable {
  enum CodingKeys: String, CodingKey {
    case lines, pickup
    case orderID = "order_id"
    case handedOver = "handed_over"
  }
  var orderID: String
  var handedOver: Bool?
  /// The customer comes for it.
  var pickup: Bool?
  /// The part that is committed; all of it without.
  var lines: [HoldBody.Line]?
}

struct HoldAnswer: Encodable {
  struct Line: Encodable {
    enum CodingKeys: String, CodingKey {
      case sku, quantity
      case locationID = "location_id"
    }
    var sku: String
    var quantity: Quantity
    /// Where the pool keeps it.
    var locationID: String?
  }
  enum CodingKeys: String, CodingKey {
    case state, lines, etag, retaken
    case holdID = "hold_id"
    case orderID = "order_id"
    case expireTime = "expire_time"
  }
  var holdID: String
  var state: String
  var orderID: String?
  var expireTime: String?
  var lines: [Line]?
  var etag: String?
  var retaken: Bool?
}

private struct StockAnswer: Encodable {
  enum CodingKeys: String, CodingKey {
    case sku, sequence
    case availableCount = "available_to_sell_count"
  }
  var sku: String
  var availableCount: Quantity
  var sequence: Int64
}

extension TillHandler {
  /// Sets units aside, or says what is short. The same hold again is answered as it stands, by the pool's own SKUs when its
  /// units are no longer those that are asked for.
  func hold(
    _ request: HTTPRequest, _ account: ChannelAccount
  ) async throws(ErrorAnswer) -> HTTPResponse {
    let body: HoldBody = try read(request)
    let holdID = try identifier(HoldID.self, body.holdID ?? UUIDText.random(), "hold_id")
    let seconds = body.expireSeconds ?? GatewayLimits.usualHoldSeconds
    guard (1...GatewayLimits.holdSeconds).contains(seconds) else {
      throw ErrorAnswer(
        status: 400, code: "REQUEST_MALFORMED",
        message: "expire_seconds must be from 1 to \(GatewayLimits.holdSeconds).",
        field: "expire_seconds")
    }
    guard (1...GatewayLimits.holdLines).contains(body.lines.count) else {
      throw ErrorAnswer(
        status: 400, code: "REQUEST_MALFORMED",
        message: "lines must have 1 to \(GatewayLimits.holdLines) entries.", field: "lines")
    }
    let zone = try body.zone.map { text throws(ErrorAnswer) in
      try identifier(Zone.self, text, "zone")
    }
    let location = try location(body.locationID)
    let lines = try await units(body.lines, account, at: location)
    let wanted = CreateHoldRequest(
      holdID: "\(account.accountID)/\(holdID)",
      // Holds of one owner are not in each other's way; of two carts they are.
      owner: "\(account.accountID)/\(body.owner ?? holdID.text)",
      lines: lines, expireTime: store.clock.now() + .seconds(seconds),
      channelID: TillChannel.id.text, zone: zone?.text ?? "")
    let hold = try await call { try await pool.createHold(wanted).hold ?? Hold() }
    guard Self.sums(hold.lines) == Self.sums(lines) else {
      return JSONAnswer.make(200, HoldAnswer(holdID, hold))
    }
    return JSONAnswer.make(
      200,
      HoldAnswer(
        holdID: holdID.text, state: "\(hold.state)", expireTime: hold.expireTime?.rfc3339,
        lines: body.lines.map { HoldAnswer.Line(sku: $0.sku, quantity: $0.quantity) },
        etag: hold.etag))
  }

  private static func sums(_ lines: [HoldLine]) -> [String: Quantity] {
    Dictionary(lines.map { ($0.sku, $0.quantity) }, uniquingKeysWith: +)
  }

  /// What lines with a till's codes take from the pool.
  private func units(
    _ lines: [HoldBody.Line], _ account: ChannelAccount, at location: String = ""
  ) async throws(ErrorAnswer) -> [HoldLine] {
    var units: [HoldLine] = []
    for (index, line) in lines.enumerated() {
      let sku = try identifier(SKU.self, line.sku, "lines[\(index)].sku")
      guard (1...1_000_000).contains(line.quantity) else {
        throw ErrorAnswer(
          status: 400, code: "REQUEST_MALFORMED",
          message: "lines[\(index)].quantity must be from 1 to 1000000.",
          field: "lines[\(index)].quantity")
      }
      for component in try await components(account.accountID, sku.text) {
        units.append(
          HoldLine(
            sku: component.sku.text, quantity: line.quantity * component.quantity,
            locationID: location))
      }
    }
    return units
  }

  /// `/till/v1/holds/<id>/commit`, `…/release`, `…/extend` and `…/edit`.
  func change(
    _ request: HTTPRequest, _ account: ChannelAccount
  ) async throws(ErrorAnswer) -> HTTPResponse {
    let parts = request.pathSuffix.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2 else { throw Self.unknownPath }
    let holdID = try identifier(HoldID.self, PercentCodec.decode(parts[0]), "hold_id")
    switch parts[1] {
    case "commit":
      return try await commit(request, holdID, account)
    case "release":
      let hold = try await call {
        try await pool.releaseHold(
          ReleaseHoldRequest(holdID: "\(account.accountID)/\(holdID)")
        ).hold
      }
      return JSONAnswer.make(
        200, HoldAnswer(holdID: holdID.text, state: "\(hold?.state ?? .released)"))
    case "extend": return try await extend(request, holdID, account)
    case "edit": return try await edit(request, holdID, account)
    default:
      throw Self.unknownPath
    }
  }

  private static let unknownPath = ErrorAnswer(
    status: 404, code: "PATH_UNKNOWN", message: "A hold has /commit, /release, /extend and /edit.")

  /// A hold becomes an order: stored first, so that an order that the pool has committed is never
  /// without a parcel.
  private func commit(
    _ request: HTTPRequest, _ holdID: HoldID, _ account: ChannelAccount
  ) async throws(ErrorAnswer) -> HTTPResponse {
    let body: CommitBody = try read(request)
    let accountID = account.accountID
    let orderID = try identifier(OrderID.self, body.orderID, "order_id")
    _ = try identifier(OrderID.self, "\(accountID)/\(orderID)", "order_id")
    let lines = body.lines ?? []
    guard lines.count <= GatewayLimits.holdLines else {
      throw ErrorAnswer(
        status: 400, code: "REQUEST_MALFORMED",
        message: "lines must have at most \(GatewayLimits.holdLines) entries.", field: "lines")
    }
    guard body.pickup != true || body.handedOver != true else {
      throw ErrorAnswer(
        status: 400, code: "REQUEST_MALFORMED",
        message: "What is handed over is not waited for.", field: "pickup")
    }
    let units = try await units(lines, account)
    let value = HoldCommit(
      holdID: holdID.text, orderID: orderID.text, handedOver: body.handedOver ?? false,
      isPickup: body.pickup == true ? true : nil,
      units: units.isEmpty
        ? nil : units.map { HoldCommit.Units(sku: $0.sku, quantity: $0.quantity) })
    let stored: StoredEvent
    let incoming: IncomingEvent
    do {
      incoming = IncomingEvent(
        accountID: accountID, event: try value.event(now: store.clock.now()),
        orderID: "\(accountID)/\(orderID)")
      let wanted = incoming
      let all = try await store.receive([wanted])
      guard let first = all.first else { throw CancellationError() }
      stored = first
    } catch {
      log.error("a commit could not be stored", ["account": accountID, "error": "\(error)"])
      throw ErrorAnswer(
        status: 503, code: "STORE_UNAVAILABLE", message: "Nothing was done; ask again.")
    }
    guard stored.isSameBody else {
      throw ErrorAnswer(
        status: 409, code: "HOLD_COMMITTED",
        message: "The hold was committed to another order, or otherwise.", field: "order_id")
    }
    return try await answer(stored, incoming, value)
  }

  private func answer(
    _ stored: StoredEvent, _ incoming: IncomingEvent, _ commit: HoldCommit
  ) async throws(ErrorAnswer) -> HTTPResponse {
    if stored.state != .done {
      let outcome = await intake.submit(
        WorkScheduler.Job(
          id: stored.inboxID, accountID: incoming.accountID, key: incoming.key),
        waitingFor: wait)
      switch outcome {
      case .done: break
      case .dead(let code, let message):
        throw ErrorAnswer(status: 409, code: code, message: message, field: "hold_id")
      case .quarantined, .later, nil:
        return JSONAnswer.make(
          202, HoldAnswer(holdID: commit.holdID, state: "pending", orderID: commit.orderID))
      }
    }
    // It may have been done by another call meanwhile, and refused.
    try await refusalOf(stored.inboxID)
    return JSONAnswer.make(
      200, HoldAnswer(holdID: commit.holdID, state: "committed", orderID: commit.orderID))
  }

  /// A commit that was refused is refused again, with the same words.
  private func refusalOf(_ inboxID: Int64) async throws(ErrorAnswer) {
    let row: InboxRow?
    do {
      row = try await store.event(inboxID)
    } catch {
      log.error("a commit could not be read", ["event": inboxID, "error": "\(error)"])
      throw ErrorAnswer(
        status: 503, code: "STORE_UNAVAILABLE", message: "How it ended is not known; ask again.")
    }
    guard let row, let (code, message) = IntakeFailure.parts(of: row) else { return }
    throw ErrorAnswer(status: 409, code: code, message: message, field: "hold_id")
  }

  /// What the till's channel may sell of a SKU, or of what the account calls so.
  func stock(
    _ request: HTTPRequest, _ account: ChannelAccount
  ) async throws(ErrorAnswer) -> HTTPResponse {
    let sku = try identifier(SKU.self, request.queryValue("sku") ?? "", "sku")
    let components = try await components(account.accountID, sku.text)
    var numbers: [SKU: Quantity] = [:]
    var sequence: Int64 = 0
    for component in components {
      let answer = try await call {
        try await pool.getAvailability(
          GetAvailabilityRequest(sku: component.sku.text, channelIDs: [TillChannel.id.text]))
      }
      numbers[component.sku] = answer.channels.first?.availableToSellCount ?? 0
      sequence = max(sequence, answer.sequence)
    }
    let count = ListingNumber.wanted(components, maximum: .max) { numbers[$0] } ?? 0
    return JSONAnswer.make(
      200, StockAnswer(sku: sku.text, availableCount: count, sequence: sequence))
  }

  // MARK: Reading

  func read<Body: Decodable>(_ request: HTTPRequest) throws(ErrorAnswer) -> Body {
    do throws(EventRefusal) {
      try request.requireJSON()
    } catch {
      throw ErrorAnswer(
        status: 415, code: "CONTENT_TYPE_WRONG", message: "The body must be application/json.")
    }
    do throws(ChannelJSON.Problem) {
      return try ChannelJSON.decode(Body.self, from: request.body)
    } catch {
      throw ErrorAnswer(
        status: 400, code: "REQUEST_MALFORMED", message: error.text,
        field: String(error.text.prefix { $0 != " " && $0 != ":" }))
    }
  }

  func identifier<ID: Identifier>(
    _: ID.Type, _ text: String, _ field: String
  ) throws(ErrorAnswer) -> ID {
    do throws(InvalidIdentifier) {
      return try ID(text)
    } catch {
      throw ErrorAnswer(
        status: 400, code: "REQUEST_MALFORMED", message: "\(field): \(error.description)",
        field: field)
    }
  }

  /// Empty when none is named.
  func location(_ text: String?) throws(ErrorAnswer) -> String {
    guard let text else { return "" }
    return try identifier(LocationID.self, text, "location_id").text
  }

  func components(
    _ accountID: AccountID, _ code: String
  ) async throws(ErrorAnswer) -> [SKUAmount] {
    do {
      return try await worker.tillComponents(accountID, code)
    } catch {
      throw ErrorAnswer(
        status: 503, code: "LISTINGS_UNKNOWN", message: "The listings are not known yet; ask again."
      )
    }
  }

  func call<T: Sendable>(
    _ body: () async throws -> T
  ) async throws(ErrorAnswer) -> T {
    do {
      return try await body()
    } catch {
      throw ErrorAnswer(error)
    }
  }
}

extension ErrorAnswer {
  /// What another service's error is over HTTP: a state that forbids it is 409.
  init(_ error: any Error) {
    if let answer = error as? ErrorAnswer {
      self = answer
      return
    }
    guard let error = error as? RPCError else {
      self.init(status: 500, code: "INTERNAL_ERROR", message: "Something went wrong inside.")
      return
    }
    let status = error.code == .failedPrecondition ? 409 : error.code.httpStatus
    self.init(
      status: status, code: error.reason.isEmpty ? error.code.name : error.reason,
      message: error.message, field: error.violations.first?.field ?? "")
  }
}
