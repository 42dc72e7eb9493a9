internal import ChannelAdapter
internal import PointOfSaleChannel
internal import Primitives
internal import StorageCore

/// Sales of tills outlive their events: a key and a digest of what was said stay, so that a till which sends one months late, or
/// uses its ID for another, is answered as if it were sooner. The newest are kept, up to a number.
extension Transaction {
  /// Keeps the keys of tills' sales among events that are about to be forgotten.
  func keepPastSales(doneBefore time: Timestamp, limit: Int) throws {
    let sales = try rows(
      """
      SELECT account_id, event_key, body FROM inbox WHERE inbox_id IN (
        SELECT inbox_id FROM inbox WHERE state = 'done' AND finish_time < ?
        ORDER BY finish_time, inbox_id LIMIT ?)
        AND topic IN (?, ?)
        AND account_id IN (SELECT account_id FROM connection WHERE channel_id = ?)
      """,
      [
        .time(time), .int(limit), .text(PointOfSaleSale.Kind.sale.rawValue),
        .text(PointOfSaleSale.Kind.refund.rawValue), .text(TillChannel.id.text),
      ]
    ) {
      (account: $0.text(0), key: $0.text(1), digest: ChannelSignature.digest($0.bytes(2)))
    }
    guard !sales.isEmpty else { return }
    let last = try advance("past_sale", by: sales.count)
    for (place, sale) in sales.enumerated() {
      try execute(
        """
        INSERT INTO past_sale (account_id, event_key, digest, past_sale_id)
        VALUES (?, ?, ?, ?) ON CONFLICT (account_id, event_key) DO NOTHING
        """,
        [
          .text(sale.account), .text(sale.key), .text(sale.digest),
          .integer(last - Int64(sales.count - 1 - place)),
        ])
    }
    try execute(
      "DELETE FROM past_sale WHERE past_sale_id <= ?", [.integer(last - GatewayLimits.pastSales)])
  }

  /// Stores a sale, unless it is one that the inbox has forgotten.
  func receiveSale(_ incoming: IncomingEvent, _ now: Timestamp) throws -> StoredEvent {
    let digest = try first(
      "SELECT digest FROM past_sale WHERE account_id = ? AND event_key = ?",
      [.id(incoming.accountID), .text(incoming.event.key)]
    ) { $0.text(0) }
    guard let digest else { return try receive([incoming], now)[0] }
    return StoredEvent(
      inboxID: 0, isNew: false, state: .done, receiveTime: now,
      isSameBody: digest == ChannelSignature.digest(incoming.event.body))
  }
}
