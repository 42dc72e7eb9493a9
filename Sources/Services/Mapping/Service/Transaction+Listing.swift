internal import Foundation
internal import Kit
internal import MappingDomain
internal import Primitives
internal import StorageCore

private let columns = """
  listing.listing_id, listing.account_id, account.channel_id, item_id, variation_id, seller_sku, \
  title, state, attributes, live_link, listing.create_time, listing.update_time, sequence
  """

extension ReadTransaction {
  /// - Throws: `MappingError.listingUnknown`.
  func listing(_ id: ListingID) throws -> StoredListing {
    guard let listing = try listings("WHERE listing_id = ?", [.id(id)]).first else {
      throw MappingError.listingUnknown(id)
    }
    return listing
  }

  func knownListing(of account: AccountID, _ key: ListingKey) throws -> StoredListing? {
    try listings(
      "WHERE listing.account_id = ? AND item_id = ? AND variation_id = ?",
      [.id(account), .id(key.itemID), .text(key.variationID?.text ?? "")]
    ).first
  }

  /// The listing that a seller's code means, when one does.
  func listing(of account: AccountID, code: String) throws -> StoredListing? {
    if let itemID = try? ItemID(code),
      let own = try knownListing(of: account, ListingKey(itemID: itemID))
    {
      return own
    }
    let candidates = try listings(
      """
      WHERE listing.account_id = ? AND seller_sku = ? AND state <> ?
      ORDER BY listing_id LIMIT ?
      """,
      [
        .id(account), .text(code), .text(Listing.State.deleted.rawValue),
        .int(MappingLimits.codeMatches),
      ])
    switch CodeMatch(code, among: candidates.map(\.listing.key)) {
    case .one(let position): return candidates[position]
    case .none: return nil
    }
  }

  /// Listings that changed after `sequence`, in the order of their last change.
  func changedListings(
    of account: AccountID?, after sequence: Int64, limit: Int
  ) throws -> [StoredListing] {
    guard let account else {
      return try listings(
        "WHERE sequence > ? ORDER BY sequence LIMIT ?", [.integer(sequence), .int(limit)])
    }
    return try listings(
      "WHERE listing.account_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
      [.id(account), .integer(sequence), .int(limit)])
  }

  /// Listings in the order of their IDs.
  func listedListings(_ filter: ListingFilter, after id: String, limit: Int) throws
    -> [StoredListing]
  {
    var condition = "WHERE listing.listing_id > ?"
    var values: [SQLValue] = [.text(id)]
    if let account = filter.account {
      condition += " AND listing.account_id = ?"
      values.append(.id(account))
    }
    if let sku = filter.sku {
      condition += """
         AND EXISTS (SELECT 1 FROM link_component c WHERE c.sku = ?
          AND c.listing_id = listing.listing_id AND c.number = listing.live_link)
        """
      values.append(.id(sku))
    }
    if filter.isUnmappedOnly { condition += " AND live_link IS NULL" }
    return try listings(
      "\(condition) ORDER BY listing.listing_id LIMIT ?", values + [.int(limit)])
  }

  private func listings(_ condition: String, _ values: [SQLValue]) throws -> [StoredListing] {
    try rows(
      """
      SELECT \(columns) FROM listing JOIN account ON account.account_id = listing.account_id
      \(condition)
      """, values
    ) { try storedListing($0) }
  }

  private func storedListing(_ row: any Row) throws -> StoredListing {
    let id: ListingID = row.id(0)
    guard let state = Listing.State(rawValue: row.text(7)),
      let attributes = try? JSONDecoder().decode(
        [String: String].self, from: Data(row.bytes(8)))
    else { throw StorageError.corrupt(path: "listing", detail: "state or attributes of \(id)") }
    let liveLink = row.optionalInt64(9)
    let variation = row.text(4)
    let listing = Listing(
      id: id, accountID: row.id(1), channelID: row.id(2),
      key: ListingKey(
        itemID: row.id(3), variationID: variation.isEmpty ? nil : VariationID(trusted: variation)),
      facts: Listing.Facts(
        sellerSKU: row.text(5), title: row.text(6), state: state, attributes: attributes),
      link: try liveLink.flatMap { try link($0, of: id) })
    return StoredListing(
      listing: listing, liveLink: liveLink, createTime: row.time(10), updateTime: row.time(11),
      sequence: row.int64(12))
  }
}

/// Which listings a list shows.
struct ListingFilter: Sendable {
  var account: AccountID?
  var sku: SKU?
  var isUnmappedOnly = false
}

extension Transaction {
  /// Saves a listing that is new (`before` is nil) or differs from `before`.
  func save(
    _ listing: Listing, before: StoredListing?, feed: ChangeFeed, actor: String = "", now: Timestamp
  ) throws -> StoredListing {
    let number = try nextLink(of: listing, before: before)
    let saved = StoredListing(
      listing: listing, liveLink: number, createTime: before?.createTime ?? now, updateTime: now,
      sequence: try advance(feed.name))
    // The listing's row stands before its links, which refer to it.
    try write(saved)
    if number != before?.liveLink {
      try replaceLink(of: saved, before: before, actor: actor, now: now)
    }
    return saved
  }

  private func write(_ saved: StoredListing) throws {
    let (listing, facts) = (saved.listing, saved.listing.facts)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let attributes = String(decoding: try encoder.encode(facts.attributes), as: UTF8.self)
    try execute(
      """
      INSERT INTO listing
        (listing_id, account_id, item_id, variation_id, seller_sku, title, state, attributes,
         live_link, create_time, update_time, sequence)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (listing_id) DO UPDATE SET seller_sku = excluded.seller_sku,
        title = excluded.title, state = excluded.state, attributes = excluded.attributes,
        live_link = excluded.live_link, update_time = excluded.update_time,
        sequence = excluded.sequence
      """,
      [
        .id(listing.id), .id(listing.accountID), .id(listing.key.itemID),
        .text(listing.key.variationID?.text ?? ""), .text(facts.sellerSKU), .text(facts.title),
        .text(facts.state.rawValue), .text(attributes), .integer(saved.liveLink),
        .time(saved.createTime), .time(saved.updateTime), .integer(saved.sequence),
      ])
  }
}
