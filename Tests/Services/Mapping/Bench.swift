import Foundation
import MappingAPI
import MappingService
import Primitives
import RPCCore
import RPCInProcess
import StorageSQLite

/// A mapping service in a folder of its own, called as over the wire.
final class Bench: Sendable {
  let clock: ManualClock
  let client: MappingServiceClient
  let database: SQLiteDatabase
  private let folder: TemporaryFolder

  init(over older: Bench? = nil) throws {
    folder = try older?.folder ?? TemporaryFolder()
    clock = older?.clock ?? ManualClock()
    database = try SQLiteDatabase(
      path: folder.file("mapping.db"), migrations: MappingMigrations.all)
    client = MappingServiceClient(
      RPCClient(
        transport: InProcessTransport(services: [
          MappingHandler(database: database, clock: clock)
        ]),
        timeout: .seconds(60), retry: .never))
  }

  /// The service after a stop and a start.
  func restarted() async throws -> Bench {
    await database.close()
    return try Bench(over: self)
  }

  /// A channel and accounts of it, by their IDs.
  func setUp(_ channel: String = "shopee", accounts: String...) async throws {
    _ = try await client.setChannel(
      SetChannelRequest(channel: Channel(channelID: channel, displayName: channel)))
    for account in accounts {
      _ = try await client.setAccount(
        SetAccountRequest(
          account: Account(accountID: account, channelID: channel, externalID: "x-\(account)")))
    }
  }

  /// Imports listings of `shop`: item, seller's code.
  @discardableResult
  func take(
    _ listings: [(item: String, code: String)], known: [String] = [], account: String = "shop"
  ) async throws -> ImportListingsResponse {
    try await client.importListings(
      ImportListingsRequest(
        accountID: account,
        listings: listings.map { Listing(itemID: $0.item, sellerSKU: $0.code, state: .live) },
        knownSKUs: known))
  }

  @discardableResult
  func link(_ listing: String, _ components: [(String, Int64)]) async throws -> Listing {
    try await client.linkListing(
      LinkListingRequest(
        listingID: listing, components: components.map { Component(sku: $0.0, quantity: $0.1) })
    ).listing ?? Listing()
  }

  func listing(_ id: String) async throws -> Listing {
    try await client.getListing(GetListingRequest(listingID: id)).listing ?? Listing()
  }

  func allListings(
    _ request: ListListingsRequest = ListListingsRequest(), pageSize: Int32 = 1000
  ) async throws -> [Listing] {
    var request = request
    request.pageSize = pageSize
    var found: [Listing] = []
    repeat {
      let page = try await client.listListings(request)
      found += page.listings
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    return found
  }
}
