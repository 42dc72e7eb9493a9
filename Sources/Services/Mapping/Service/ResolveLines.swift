internal import Kit
public import MappingAPI
internal import MappingDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension MappingHandler {
  /// Orders of listings that are all known cost a read; a write is made only for what becomes known now.
  public func resolveLines(
    _ request: ResolveLinesRequest, context: ServerContext
  ) async throws -> ResolveLinesResponse {
    let (account, lines) = try Self.checked(request)
    let known = try await database.read(until: context.deadline) { transaction in
      _ = try transaction.account(account)
      return try lines.map { try transaction.resolve($0, of: account)?.listing }
    }
    var resolved = known
    let unknown = lines.indices.filter { known[$0] == nil && lines[$0].ownKey(of: account) != nil }
    if !unknown.isEmpty {
      let created = try await database.write(until: context.deadline) { [clock, feed] transaction in
        try unknown.map { index in
          try transaction.makeKnown(lines[index], of: account, feed: feed, now: clock.now())
        }
      }
      for (index, stored) in zip(unknown, created) { resolved[index] = stored?.listing }
      try await announceNewest(until: context.deadline)
    }
    return ResolveLinesResponse(
      lines: zip(lines, resolved).map { line, listing in
        ResolvedLine(
          lineID: line.id, listingID: listing?.id.text ?? "",
          components: (listing?.link?.components ?? []).map { MappingAPI.Component($0) })
      })
  }

  private static func checked(
    _ request: ResolveLinesRequest
  ) throws -> (account: AccountID, lines: [SoldLine]) {
    var check = RequestCheck()
    let account = check.identifier(AccountID.self, request.accountID, "account_id")
    check.count(request.lines, "lines", in: 1...MappingLimits.lines)
    var seen: Set<String> = []
    let lines = request.lines.prefix(MappingLimits.lines).enumerated().map { index, line in
      let path = "lines[\(index)]"
      let id = check.identifier(LineID.self, line.lineID, "\(path).line_id")
      if !seen.insert(id.text).inserted { check.refuse("\(path).line_id", "It is there twice.") }
      let itemID = check.optionalIdentifier(ItemID.self, line.itemID, "\(path).item_id")
      let variationID = check.optionalIdentifier(
        VariationID.self, line.variationID, "\(path).variation_id")
      check.text(
        line.sellerSKU, "\(path).seller_sku", atMost: MappingLimits.sellerSKUBytes,
        mayBeEmpty: true)
      if itemID == nil {
        if line.sellerSKU.isEmpty {
          check.refuse("\(path).item_id", "It is empty, and so is seller_sku: one is needed.")
        }
        if variationID != nil {
          check.refuse("\(path).variation_id", "It is given without an item_id.")
        }
      }
      let key = itemID.map { ListingKey(itemID: $0, variationID: variationID) }
      if let key { _ = check.listingID(of: account, key, "\(path).item_id") }
      return SoldLine(id: id.text, key: key, sellerSKU: line.sellerSKU)
    }
    try check.finish()
    return (account, lines)
  }
}

/// What a line of a channel's order names, checked: an item, or a seller's code alone.
private struct SoldLine: Sendable {
  var id: String
  var key: ListingKey?
  var sellerSKU: String

  /// The key under which it becomes known. A line that was sold by its code alone is known by the code; nil
  /// when the code cannot be an item's ID.
  func ownKey(of account: AccountID) -> ListingKey? {
    let key = key ?? (try? ItemID(sellerSKU)).map { ListingKey(itemID: $0) }
    return key.flatMap {
      $0.listingText(of: account).utf8.count <= ListingID.maximumBytes ? $0 : nil
    }
  }
}

extension ReadTransaction {
  fileprivate func resolve(_ line: SoldLine, of account: AccountID) throws -> StoredListing? {
    if let key = line.key { return try knownListing(of: account, key) }
    return try listing(of: account, code: line.sellerSKU)
  }
}

extension Transaction {
  /// Creates the listing of a line, unless it has become known meanwhile.
  fileprivate func makeKnown(
    _ line: SoldLine, of id: AccountID, feed: ChangeFeed, now: Timestamp
  ) throws -> StoredListing? {
    if let known = try resolve(line, of: id) { return known }
    guard let key = line.ownKey(of: id) else { return nil }
    let account = try account(id).account
    let listing = MappingDomain.Listing(
      id: ListingID(trusted: key.listingText(of: id)), accountID: id,
      channelID: account.channelID, key: key,
      facts: MappingDomain.Listing.Facts(sellerSKU: line.sellerSKU))
    return try save(listing, before: nil, feed: feed, now: now)
  }
}
