public import ChannelAdapter
public import Primitives
public import RPCCore

/// Our own tills. A device sells without asking, keeps its sales while it is offline and sends them
/// in batches.
///
/// The gateway's endpoint reads a batch (`PointOfSaleBatch`), keeps each sale as an event
/// (`PointOfSaleSale.event`) and answers sale by sale; the adapter reads those events back. A till
/// asks for stock when it wants to show it, so there is nothing to push. The account's `externalID`
/// is the store.
public struct PointOfSaleAdapter: ChannelAdapter {
  public let channelID = ChannelID(trusted: "till")

  public let traits = ChannelTraits(
    requiredCredentials: ["token"], optionalCredentials: [ChannelAccount.previous("token")],
    callsPerSecond: 1000, pushBatch: 500, readsStock: false,
    sellsFromOwnLocation: true)

  public init() {}

  public func groupKey(_ listing: ChannelListing) -> String { "" }

  /// All sales of a batch are of one store.
  public func identify(_ request: HTTPRequest) throws(EventRefusal) -> EventClaim {
    try request.requireJSON()
    let batch = try PointOfSaleBatch(body: request.body)
    guard let store = batch.sales.first?.storeID else {
      throw .malformed(batch.rejections.first?.problem ?? "sales is empty")
    }
    guard batch.sales.allSatisfy({ $0.storeID == store }) else {
      throw .malformed("sales are of more than one store_id")
    }
    return .shop(store)
  }

  /// A till shows the account's token: `Authorization: Bearer …` (RFC 6750).
  public func verify(_ request: HTTPRequest, account: ChannelAccount, hookURL: String) -> Bool {
    guard let header = request.header("authorization") else { return false }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
    return account.isSigned(String(parts[1]), with: "token") { $0 }
  }

  /// Reads a batch of one sale; a longer one is taken apart by the endpoint, which answers each.
  public func parse(
    _ request: HTTPRequest, account: ChannelAccount
  ) throws(EventRefusal) -> ChannelEvent {
    try request.requireJSON()
    let batch = try PointOfSaleBatch(body: request.body)
    if let rejection = batch.rejections.first { throw .malformed(rejection.problem) }
    guard batch.sales.count == 1 else { throw .malformed("sales must have one entry here") }
    return batch.sales[0].event
  }

  public func fetchOrder(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelOrder {
    let sale = try stored(externalID, event)
    guard sale.kind == .sale else { throw .malformed("\(externalID) is a refund, not a sale") }
    return sale.order
  }

  public func fetchReturn(
    _ externalID: String, event: ChannelEvent?, api: ChannelAPI
  ) async throws(ChannelError) -> ChannelReturn {
    let sale = try stored(externalID, event)
    guard sale.kind == .refund else { throw .malformed("\(externalID) is a sale, not a refund") }
    return sale.channelReturn
  }

  private func stored(
    _ externalID: String, _ event: ChannelEvent?
  ) throws(ChannelError) -> PointOfSaleSale {
    guard let event, event.subject == externalID else {
      throw .notFound("a till cannot be asked for \(externalID)")
    }
    return try PointOfSaleSale(event: event)
  }

  public func fetchListings(
    after cursor: String?, api: ChannelAPI
  ) async throws(ChannelError) -> ListingPage {
    ListingPage(listings: [], nextCursor: nil)
  }

  public func pushStock(
    _ pushes: [StockPush], api: ChannelAPI
  ) async throws(ChannelError) -> [PushResult] {
    pushes.map { _ in .acknowledged }
  }

  public func readStock(
    _ listings: [ChannelListing], api: ChannelAPI
  ) async throws(ChannelError) -> [Quantity?] {
    listings.map { _ in nil }
  }

  public func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {}

  public func answerReturn(_ answer: ReturnAnswer, api: ChannelAPI) async throws(ChannelError) {}

  public func refreshCredentials(
    api: ChannelAPI
  ) async throws(ChannelError) -> [String: String]? { nil }
}
