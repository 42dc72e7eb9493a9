import ChannelAdapter
import Primitives
import RPCCore
import SquareChannel
import Testing

@Suite struct SquareEventTests {
  static let body =
    #"{"merchant_id":"ML123","location_id":"L1","type":"order.updated","event_id":"6a8f5f28-54a1-4eb0-a98a-3111513fd4fc","created_at":"2026-01-05T03:00:01.000Z","data":{"type":"order_updated","id":"CAISO1","object":{"order_updated":{"order_id":"CAISO1","version":3,"location_id":"L1","state":"OPEN","created_at":"2026-01-05T02:59:00.000Z","updated_at":"2026-01-05T03:00:00.500Z"}}}}"#
  /// The counts of the documentation; the location stands inside.
  static let counts =
    #"{"merchant_id":"ML123","type":"inventory.count.updated","event_id":"6a8f5f28-54a1-4eb0-a98a-3111513fd4fd","created_at":"2026-01-05T03:00:01.000Z","data":{"type":"inventory_counts","id":"84ea3b64","object":{"inventory_counts":[{"catalog_object_id":"W62UWFY35CWMYGVWK6TWJDNI","catalog_object_type":"ITEM_VARIATION","state":"IN_STOCK","location_id":"L1","quantity":"7","calculated_at":"2026-01-05T03:00:00.000Z"}]}}}"#

  let adapter = SquareAdapter()
  let url = "https://gw.example.com/hooks/square"
  let account = squareAccount()

  private func signature(_ body: String, key: String = "square_signature_key") -> String {
    ChannelSignature.base64(key: key, Array((url + body).utf8))
  }

  private func parse(_ body: String) throws(EventRefusal) -> ChannelEvent {
    try adapter.parse(post(body), account: account)
  }

  private func event(_ type: String, _ object: String, id: String = "e-1") -> String {
    #"{"merchant_id":"ML123","type":"\#(type)","event_id":"\#(id)","created_at":"2026-01-05T03:00:01Z","data":{"type":"x","id":"x","object":{\#(object)}}}"#
  }

  @Test func officialVectorIsTaken() {
    var account = account
    account.credentials["webhook_signature_key"] = "asdf1234"
    let request = post(
      #"{"hello":"world"}"#,
      [("x-square-hmacsha256-signature", "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og=")])
    #expect(adapter.verify(request, account: account, hookURL: "https://example.com/webhook"))
    #expect(!adapter.verify(request, account: account, hookURL: "https://example.com/webhook/"))
  }

  @Test func signedEventIsTaken() throws {
    let request = post(Self.body, [("x-square-hmacsha256-signature", signature(Self.body))])
    #expect(try adapter.identify(request) == .shop("L1"))
    #expect(adapter.verify(request, account: account, hookURL: url))
    let event = try adapter.parse(request, account: account)
    #expect(event.kind == .order && event.subject == "CAISO1" && event.topic == "order.updated")
    #expect(event.updateTime == ChannelTime.iso8601("2026-01-05T03:00:00.500Z"))
    #expect(event.body == request.body)
  }

  @Test func anyOtherByteIsRefused() {
    let good = signature(Self.body)
    for altered in alterations(of: Self.body) {
      var request = post(Self.body, [("x-square-hmacsha256-signature", good)])
      request.body = altered
      #expect(!adapter.verify(request, account: account, hookURL: url))
    }
    for altered in alterations(of: good) {
      let text = String(decoding: altered, as: UTF8.self)
      let request = post(Self.body, [("x-square-hmacsha256-signature", text)])
      #expect(!adapter.verify(request, account: account, hookURL: url))
    }
  }

  @Test func otherURLKeyOrHeaderIsRefused() {
    let good = post(Self.body, [("x-square-hmacsha256-signature", signature(Self.body))])
    for other in ["http://gw.example.com/hooks/square", url + "/", ""] {
      #expect(!adapter.verify(good, account: account, hookURL: other))
    }
    for key in ["square_signature_kez", "", nil] {
      var other = account
      other.credentials["webhook_signature_key"] = key
      #expect(!adapter.verify(good, account: other, hookURL: url))
    }
    for header in [[], [("x-square-hmacsha256-signature", "")], [("x-square-signature", "x")]] {
      #expect(!adapter.verify(post(Self.body, header), account: account, hookURL: url))
    }
  }

  @Test func keyBeforeARotationIsTakenWhileItIsKnown() {
    let old = post(Self.body, [("x-square-hmacsha256-signature", signature(Self.body, key: "old"))])
    #expect(!adapter.verify(old, account: account, hookURL: url))
    var rotated = account
    rotated.credentials["webhook_signature_key_previous"] = "old"
    #expect(adapter.verify(old, account: rotated, hookURL: url))
    let new = post(Self.body, [("x-square-hmacsha256-signature", signature(Self.body))])
    #expect(adapter.verify(new, account: rotated, hookURL: url))
  }

  @Test func eventsOfOneVersionOfAnOrderAreOneAndOfAnotherAreNews() throws {
    func order(_ type: String, _ member: String, _ version: String, _ id: String) throws -> String {
      try parse(
        event(
          type, #""\#(member)":{"order_id":"O","version":\#(version),"location_id":"L1"}"#, id: id)
      ).key
    }
    let first = try order("order.created", "order_created", "1", "e-1")
    #expect(first == "order:O:1")
    #expect(try order("order.updated", "order_updated", "1", "e-2") == first)
    #expect(try order("order.updated", "order_updated", "\"1\"", "e-2") == first)
    #expect(try order("order.updated", "order_updated", "2", "e-3") != first)
    let fulfilment = "order_fulfillment_updated"
    #expect(try order("order.fulfillment.updated", fulfilment, "2", "e-4") == "order:O:2")
    // One without a version is known by its ID alone.
    #expect(try order("order.updated", "order_updated", "null", "e-5") == "e-5")
  }

  @Test func paymentTellsOfASaleThatNoOrderEventTold() throws {
    let paid = try parse(
      event(
        "payment.updated",
        #""payment":{"id":"P","order_id":"O","location_id":"L1","status":"COMPLETED","updated_at":"2026-01-05T03:00:00Z"}"#
      ))
    #expect(paid.kind == .order && paid.subject == "O" && paid.key == "e-1")
    let bare = try parse(event("payment.created", #""payment":{"id":"P","location_id":"L1"}"#))
    #expect(bare.kind == .other && bare.subject.isEmpty)
  }

  @Test func refundNamesTheOrderThatSquareMadeForIt() throws {
    let event = try parse(
      event(
        "refund.created",
        #""refund":{"id":"P_R","order_id":"RO","payment_id":"P","location_id":"L1","status":"PENDING"}"#
      ))
    #expect(event.kind == .return && event.subject == "RO")
  }

  @Test func countsAreNothingToWorkOn() throws {
    #expect(try adapter.identify(post(Self.counts)) == .shop("L1"))
    let event = try parse(Self.counts)
    #expect(event.kind == .other && event.topic == "inventory.count.updated")
  }

  @Test(arguments: [
    #"{"type":"catalog.version.updated","merchant_id":"M","data":{"object":{"catalog_version":{"updated_at":"x"}}}}"#,
    #"{"type":"oauth.authorization.revoked","merchant_id":null,"data":{"object":7}}"#,
    #"{"type":"labor.shift.created","location_id":null,"data":[]}"#,
  ])
  func eventOfNoLocationIsTakenAndLeftAlone(_ body: String) throws {
    #expect(try adapter.identify(post(body)) == .test)
  }

  @Test func revokedAuthorisationIsTheMerchants() throws {
    let body = #"{"type":"oauth.authorization.revoked","merchant_id":"M","event_id":"e-1"}"#
    #expect(try adapter.identify(post(body)) == .owner("M"))
    #expect(adapter.owner(of: account) == nil)
    var known = account
    known.credentials["merchant_id"] = "M"
    #expect(adapter.owner(of: known) == "M")
    let event = try parse(body)
    #expect(event.kind == .deauthorised && event.key == "e-1")
  }

  @Test(arguments: [
    ("", "the body is empty"), ("{", "the body is not JSON"), ("[]", "the body has the wrong type"),
    ("{}", "type is missing"), (#"{"type":7}"#, "type has the wrong type"),
    (#"{"type":"order.updated","data":{"object":{}}}"#, "location_id is missing"),
    (#"{"type":"refund.created","location_id":{},"data":{}}"#, "location_id is missing"),
  ])
  func eventOfNobodySaysWhy(_ body: String, _ text: String) {
    let refused = refusal { () throws(EventRefusal) in try adapter.identify(post(body)) }
    #expect(refused == .malformed(text))
  }

  @Test(arguments: [
    (#""order_updated":{"version":1,"location_id":"L1"}"#, "order.updated has no order_id"),
    (
      #""order_updated":{"order_id":{},"version":1,"location_id":"L1"}"#,
      "order.updated has no order_id"
    ),
    (
      #""order_updated":{"order_id":"O","version":1,"location_id":"L2"}"#,
      "location_id is not this account's"
    ),
  ])
  func malformedOrderEventSaysWhy(_ object: String, _ text: String) {
    let body = event("order.updated", object)
    #expect(refusal { () throws(EventRefusal) in try parse(body) } == .malformed(text))
  }

  @Test func otherContentTypeIsRefused() {
    var request = post(Self.body)
    request.headers = [("content-type", "text/html")]
    let refused = refusal { () throws(EventRefusal) in try adapter.identify(request) }
    #expect(refused == .contentType("an event is application/json, not text/html"))
  }
}

/// A location of a merchant, behind a host with a prefix.
func squareAccount() -> ChannelAccount {
  ChannelAccount(
    accountID: AccountID(trusted: "square-sg"), channelID: ChannelID(trusted: "square"),
    externalID: "L1", baseURL: "http://127.0.0.1:8090/square",
    credentials: [
      "access_token": "EAAA_demo", "refresh_token": "EQAA_demo", "client_id": "sq0idp-demo",
      "client_secret": "sq0csp-demo", "webhook_signature_key": "square_signature_key",
    ])
}

func squareAPI(_ http: RecordedHTTP, _ changes: [String: String?] = [:]) -> ChannelAPI {
  var account = squareAccount()
  for (name, value) in changes { account.credentials[name] = value }
  return ChannelAPI(
    account: account, http: http, clock: ManualClock(Timestamp(seconds: 1_700_000_000)),
    wantsAddress: true)
}
