internal import MappingDomain
internal import Primitives
internal import StorageCore

extension ReadTransaction {
  func link(_ number: Int64, of listing: ListingID) throws -> Link? {
    try links("AND number = ?", of: listing, [.integer(number)]).first?.link
  }

  /// All links that a listing has had before number `before`, the newest first.
  func links(
    of listing: ListingID, before: Int64, limit: Int
  ) throws -> [(number: Int64, link: Link)] {
    try links(
      "AND number < ? ORDER BY number DESC LIMIT ?", of: listing, [.integer(before), .int(limit)])
  }

  private func links(
    _ condition: String, of listing: ListingID, _ values: [SQLValue]
  ) throws -> [(number: Int64, link: Link)] {
    try rows(
      """
      SELECT number, origin, actor, start_time, end_time FROM link
      WHERE listing_id = ? \(condition)
      """,
      [.id(listing)] + values
    ) { row in
      let number = row.int64(0)
      guard let origin = Link.Origin(rawValue: row.text(1)) else {
        throw StorageError.corrupt(path: "link", detail: "origin \(row.text(1)) of \(listing)")
      }
      let link = Link(
        components: try components(of: listing, number), origin: origin, actor: row.text(2),
        startTime: row.time(3), endTime: row.optionalTime(4))
      return (number, link)
    }
  }

  private func components(of listing: ListingID, _ number: Int64) throws -> [Component] {
    try rows(
      """
      SELECT sku, quantity FROM link_component
      WHERE listing_id = ? AND number = ? ORDER BY position
      """,
      [.id(listing), .integer(number)]
    ) { Component(sku: $0.id(0), quantity: $0.int64(1)) }
  }
}

extension Transaction {
  /// The number of the link that a listing has now: as before, a new one, or none.
  func nextLink(of listing: Listing, before: StoredListing?) throws -> Int64? {
    guard listing.link != before?.listing.link else { return before?.liveLink }
    guard listing.link != nil else { return nil }
    let newest = try int64("SELECT MAX(number) FROM link WHERE listing_id = ?", [.id(listing.id)])
    return (newest ?? 0) + 1
  }

  /// Ends the link that was live before, and writes the one that is live now.
  func replaceLink(
    of saved: StoredListing, before: StoredListing?, actor: String, now: Timestamp
  ) throws {
    let id = saved.listing.id
    if let number = before?.liveLink {
      let end = max(now, before?.listing.link?.startTime ?? now)
      try execute(
        "UPDATE link SET end_time = ?, end_actor = ? WHERE listing_id = ? AND number = ?",
        [.time(end), .text(actor), .id(id), .integer(number)])
    }
    guard let link = saved.listing.link, let number = saved.liveLink else { return }
    try execute(
      "INSERT INTO link (listing_id, number, origin, actor, start_time) VALUES (?, ?, ?, ?, ?)",
      [
        .id(id), .integer(number), .text(link.origin.rawValue), .text(link.actor),
        .time(link.startTime),
      ])
    for (position, component) in link.components.enumerated() {
      try execute(
        """
        INSERT INTO link_component (listing_id, number, position, sku, quantity)
        VALUES (?, ?, ?, ?, ?)
        """,
        [
          .id(id), .integer(number), .int(position), .id(component.sku),
          .integer(component.quantity),
        ])
    }
  }
}
