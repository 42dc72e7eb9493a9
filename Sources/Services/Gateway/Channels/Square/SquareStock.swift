public import ChannelAdapter
internal import Kit
public import Primitives

private struct ChangeRequest: Encodable {
  enum CodingKeys: String, CodingKey {
    case changes
    case idempotencyKey = "idempotency_key"
  }
  struct Change: Encodable {
    enum CodingKeys: String, CodingKey {
      case type
      case count = "physical_count"
    }
    var type = "PHYSICAL_COUNT"
    var count: Count
  }
  struct Count: Encodable {
    enum CodingKeys: String, CodingKey {
      case state, quantity
      case variationID = "catalog_object_id"
      case locationID = "location_id"
      case occurredAt = "occurred_at"
    }
    var variationID: String
    var state = "IN_STOCK"
    var locationID: String
    var quantity: String
    var occurredAt: String
  }
  var idempotencyKey: String
  var changes: [Change]
}

private struct CountQuery: Encodable {
  enum CodingKeys: String, CodingKey {
    case states, cursor
    case variationIDs = "catalog_object_ids"
    case locationIDs = "location_ids"
  }
  var variationIDs: [String]
  var locationIDs: [String]
  var states = ["IN_STOCK"]
  var cursor: String?
}

private struct CountAnswer: Decodable {
  struct Count: Decodable {
    enum CodingKeys: String, CodingKey {
      case state, quantity
      case variationID = "catalog_object_id"
      case locationID = "location_id"
    }
    var variationID: FlexibleID?
    var locationID: FlexibleID?
    var state: String?
    var quantity: SquareQuantity?
  }
  var counts: [Count]?
  var cursor: String?
}

/// The answer to a change; the counts in it are read by nobody.
private struct ChangeDone: Decodable {}

extension SquareAdapter {
  /// Sets `IN_STOCK`, absolute, as a count made now.
  ///
  /// Square applies changes by `occurred_at`, not by arrival: a count that arrives late does not undo
  /// a later one, and a sale after its moment comes off it. So a retry is another count, with a
  /// moment and an idempotency key of its own, and sets nothing twice.
  ///
  /// A call passes or fails as a whole, so when single entries fail the others are sent again
  /// without them, at once and a few times at most.
  public func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    precondition(pushes.count <= SquareLimits.changes, "a call takes 100 changes")
    var results = pushes.map { push in
      // Square reckons the number of what is sold out of another variation's stock.
      push.listing.isDerived ? PushResult.acknowledged : nil
    }
    for _ in 0..<SquareLimits.rounds {
      var seen: Set<String> = []
      let round = pushes.indices.filter { index in
        results[index] == nil && seen.insert(pushes[index].listing.itemID).inserted
      }
      guard !round.isEmpty else { break }
      let failure = try await set(round.map { pushes[$0] }, api)
      guard let failure else {
        for index in round { results[index] = .acknowledged }
        continue
      }
      let named = failure.errors.filter { $0.index.map(round.indices.contains) ?? false }
      guard !named.isEmpty, named.count == failure.errors.count else { throw failure.channelError }
      for error in named {
        if let place = error.index { results[round[place]] = result(of: error) }
      }
    }
    return results.map { $0 ?? .retry("another entry of the call failed", after: nil) }
  }

  private func set(
    _ pushes: [StockPush], _ api: ChannelAPI
  ) async throws(ChannelError) -> SquareFailure? {
    let moment = api.clock.now().rfc3339
    let changes = pushes.map { push in
      ChangeRequest.Change(
        count: ChangeRequest.Count(
          variationID: push.listing.itemID, locationID: api.account.externalID,
          quantity: String(push.quantity), occurredAt: moment))
    }
    // The same key must mean the same call: Square refuses a known key with another body.
    let identity = pushes.map { "\($0.idempotencyKey) \($0.listing.itemID) \($0.quantity)" }
    let key = ChannelSignature.derivedID(([moment] + identity).joined(separator: "\n"))
    let outcome = try await SquareClient(api: api).answer(
      "POST", "inventory/changes/batch-create",
      ChangeRequest(idempotencyKey: key, changes: changes), as: ChangeDone.self)
    switch outcome {
    case .success: return nil
    case .failure(let failure): return failure
    }
  }

  private func result(of error: SquareError) -> PushResult {
    // Our clock is ahead of Square's, or the call was long on its way.
    if error.field?.hasSuffix("occurred_at") ?? false { return .retry(error.text, after: nil) }
    return switch error.code {
    case "TEMPORARY_ERROR", "CONFLICT": .retry(error.text, after: nil)
    default: .refused(error.text)
    }
  }

  /// Reads `IN_STOCK` at the account's location. A variation without a count has none: that is not
  /// zero.
  public func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    let client = SquareClient(api: api)
    let location = api.account.externalID
    let names = Set(listings.filter { !$0.isDerived }.map(\.itemID)).sorted()
    var shown: [String: Quantity] = [:]
    for start in stride(from: 0, to: names.count, by: SquareLimits.counts) {
      let chunk = Array(names[start..<min(start + SquareLimits.counts, names.count)])
      var query = CountQuery(variationIDs: chunk, locationIDs: [location])
      for _ in 0..<SquareLimits.countPages {
        let page = try await client.post(
          "inventory/counts/batch-retrieve", query, as: CountAnswer.self)
        for count in page.counts ?? []
        where count.state == "IN_STOCK" && count.locationID?.text == location {
          if let name = count.variationID?.text { shown[name] = count.quantity?.shown }
        }
        guard let cursor = page.cursor, !cursor.isEmpty, cursor != query.cursor else { break }
        query.cursor = cursor
      }
    }
    return listings.map { $0.isDerived ? nil : shown[$0.itemID] }
  }
}

extension ChannelListing {
  /// Name of the attribute that says so.
  static let derivedName = "stockable"

  /// Whether it is sold out of another variation's stock (a glass out of a bottle): then Square
  /// keeps no count of it.
  fileprivate var isDerived: Bool { attributes[Self.derivedName] == "false" }
}
