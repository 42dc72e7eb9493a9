import ChannelAdapter
import Foundation
import Kit
import Primitives
import RPCCore
import Synchronization

/// A channel in memory: its orders, its listings' numbers, and what it is told to answer.
final class FakeChannel: Sendable {
  struct State {
    var orders: [String: ChannelOrder] = [:]
    var returns: [String: ChannelReturn] = [:]
    var listings: [ChannelListing] = []
    var shown: [String: Quantity] = [:]
    /// Every number that a push has set.
    var set: [Quantity] = []
    /// What pushes were made: listing, number, what was expected, idempotency key.
    var pushes: [(item: String, quantity: Quantity, expected: Quantity?, key: String)] = []
    var callTimes: [Deadline] = []
    /// Answers to the next calls of pushStock, before it does anything.
    var pushErrors: [ChannelError] = []
    /// Pushes are made, or listings read, and the answers kept back.
    var keepsAnswersBack = false
    var keepsReadingsBack = false
    /// Orders are read, and the answers kept back.
    var keepsOrdersBack = false
    /// Answers for single listings, first come first served.
    var pushResults: [String: [PushResult]] = [:]
    var batches: [Int] = []
    var reserveErrors: [ChannelError] = []
    var shipped: [ShippedNotice] = []
    var ready: [ReadyNotice] = []
    var answers: [ReturnAnswer] = []
    var noticeErrors: [ChannelError] = []
    var fetchErrors: [ChannelError] = []
    /// Whether each fetched order's address was wanted.
    var wantedAddresses: [Bool] = []
    /// Answers to the next calls of readStock.
    var readErrors: [ChannelError] = []
    var token = "token-1"
    var refreshCount = 0
    var refreshErrors: [ChannelError] = []
    var readCount = 0
    /// The items of each reading, one after another, and how many pushes had been made by then.
    var readItems: [String] = []
    var pushesBeforeReads: [Int] = []
    /// What is set aside for promotions, by item.
    var reserved: [String: [ReservedStock]] = [:]
    var inFlight = 0
    var mostInFlight = 0
  }

  let state = Mutex(State())
  let signal = FeedSignal()

  func shown(_ item: String) -> Quantity? { state.withLock { $0.shown[item] } }

  func wait(until condition: (borrowing State) -> Bool) async {
    while !Task.isCancelled {
      let seen = signal.latest
      if state.withLock({ condition($0) }) { return }
      await signal.wait(past: seen)
    }
  }

  func with<T: Sendable>(_ body: (inout sending State) -> sending T) -> T {
    let value = state.withLock(body)
    signal.raise()
    return value
  }
}

/// The adapter of a fake channel. Its events are `{"shop","key","kind","subject","time"}` with an
/// HMAC in a header.
struct FakeAdapter: ChannelAdapter {
  let channelID: ChannelID
  let traits: ChannelTraits
  let channel: FakeChannel
  let readBatch: Int

  struct Body: Codable {
    var shop: String
    var key: String
    var kind: String
    var subject: String
    var time: Int64
  }

  init(
    _ channel: FakeChannel, id: String = "fake", rate: Double = 10_000, batch: Int = 10,
    readBatch: Int? = nil, readsStock: Bool = true, comparesStock: Bool = false,
    sellsFromOwnLocation: Bool = false
  ) {
    self.channel = channel
    self.readBatch = readBatch ?? batch
    channelID = ChannelID(trusted: id)
    traits = ChannelTraits(
      requiredCredentials: ["secret"], optionalCredentials: ["token"], callsPerSecond: rate,
      pushBatch: batch, acknowledgement: HTTPResponse(status: 202), maximumQuantity: 500,
      readsStock: readsStock, comparesStock: comparesStock,
      sellsFromOwnLocation: sellsFromOwnLocation)
  }

  func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    guard request.header("content-type") == "application/json" else {
      throw .contentType("The content type must be application/json.")
    }
    let shop = try body(request).shop
    return shop.isEmpty ? .test : .shop(shop)
  }

  func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    let secret = account.credentials["secret"] ?? ""
    let code = HMAC.sha256(key: Array(secret.utf8), Array(hookURL.utf8) + request.body)
    return request.header("x-signature") == Hex.encode(code)
  }

  func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    let body = try body(request)
    return ChannelEvent(
      key: body.key, kind: ChannelEvent.Kind(rawValue: body.kind) ?? .other,
      subject: body.subject, updateTime: Timestamp(seconds: body.time), body: request.body)
  }

  /// Makes the one request of a call.
  private func ask(_ api: ChannelAPI) async throws(ChannelError) {
    _ = try await api.http.send(ChannelRequest(method: "GET", url: FakeHTTP.url))
  }

  private func body(_ request: HTTPRequest) throws(EventRefusal) -> Body {
    guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body)) else {
      throw .malformed("The body is not an event.")
    }
    return body
  }

  func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    try await ask(api)
    let (error, order) = channel.with { state in
      state.wantedAddresses.append(api.wantsAddress)
      return (
        state.fetchErrors.isEmpty ? nil : state.fetchErrors.removeFirst(), state.orders[externalID]
      )
    }
    await channel.wait { !$0.keepsOrdersBack }
    if let error { throw error }
    guard let order else { throw .notFound("no order \(externalID)") }
    return order
  }

  func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    try await ask(api)
    guard let found = channel.with({ $0.returns[externalID] }) else {
      throw .notFound("no return \(externalID)")
    }
    return found
  }

  func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    try await ask(api)
    let all = channel.with { $0.listings }
    let start = Int(cursor ?? "0") ?? 0
    let page = Array(all.dropFirst(start).prefix(2))
    return ListingPage(
      listings: page, nextCursor: start + 2 < all.count ? "\(start + 2)" : nil)
  }

  func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    try await ask(api)
    let token = api.account.credentials["token"] ?? ""
    let result: Result<[PushResult], ChannelError> = channel.with { state in
      state.callTimes.append(.after(.zero))
      state.batches.append(pushes.count)
      if !state.pushErrors.isEmpty { return .failure(state.pushErrors.removeFirst()) }
      if token != state.token { return .failure(.tokenExpired("token is over")) }
      return .success(pushes.map { Self.apply($0, &state, comparesStock: traits.comparesStock) })
    }
    await channel.wait { !$0.keepsAnswersBack }
    return try result.get()
  }

  private static func apply(
    _ push: StockPush, _ state: inout FakeChannel.State, comparesStock: Bool
  ) -> PushResult {
    let item = push.listing.itemID
    state.pushes.append((item, push.quantity, push.expected, push.idempotencyKey))
    if var planned = state.pushResults[item], !planned.isEmpty {
      let result = planned.removeFirst()
      state.pushResults[item] = planned
      return result
    }
    if comparesStock, let expected = push.expected, expected != state.shown[item] {
      return .stale(shown: state.shown[item])
    }
    state.shown[item] = push.quantity
    state.set.append(push.quantity)
    return .acknowledged
  }

  func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    try await ask(api)
    let (error, numbers) = channel.with { state -> (ChannelError?, [Quantity?]) in
      state.readCount += 1
      state.readItems += listings.map(\.itemID)
      state.pushesBeforeReads.append(state.pushes.count)
      let error = state.readErrors.isEmpty ? nil : state.readErrors.removeFirst()
      return (error, listings.map { state.shown[$0.itemID] })
    }
    await channel.wait { !$0.keepsReadingsBack }
    if let error { throw error }
    return numbers
  }

  func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {
    try await ask(api)
    let error: ChannelError? = channel.with { state in
      if !state.noticeErrors.isEmpty { return state.noticeErrors.removeFirst() }
      state.shipped.append(notice)
      return nil
    }
    if let error { throw error }
  }

  func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {
    try await ask(api)
    channel.with { $0.answers.append(answer) }
  }

  func refreshCredentials(api: ChannelAPI) async throws(ChannelError) -> [String: String]? {
    let result: Result<[String: String], ChannelError> = channel.with { state in
      if !state.refreshErrors.isEmpty { return .failure(state.refreshErrors.removeFirst()) }
      state.refreshCount += 1
      state.token = "token-\(state.refreshCount + 1)"
      return .success(["token": state.token])
    }
    return try result.get()
  }

  func groupKey(_ listing: ChannelListing) -> String { listing.variationID }
}

/// The way out of a fake adapter, which asks it nothing: what takes a turn of the account goes through it.
struct FakeHTTP: ChannelHTTP {
  static let url = "fake:"

  func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
    guard request.url == Self.url else { throw .unavailable("there is no network in a test") }
    return ChannelReply(status: 204)
  }
}
