internal import Foundation
internal import MappingAPI
internal import PoolAPI

/// What an operator asks mapping.
enum ListingCommands {
  static let all = [listings, link, unlink]

  static let listings = Command(
    name: "listings", usage: "[--account ACCOUNT] [--sku SKU] [--unmapped]",
    summary: "listings and what they take from the pool",
    options: ["account": "", "sku": "", "unmapped": nil]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let rows = try await allPages { token in
      let page = try await peers.mapping.listListings(
        ListListingsRequest(
          accountID: arguments.option("account"), sku: arguments.option("sku"),
          unmappedOnly: arguments.has("unmapped"), pageSize: 1000, pageToken: token))
      return (page.listings, page.nextPageToken)
    }
    Output.table(
      ["listing", "seller SKU", "title", "takes"],
      rows.map { row in
        let parts = row.link?.components.map { "\($0.sku)×\($0.quantity)" }
        return [
          row.listingID, row.sellerSKU, row.title, parts?.joined(separator: " ") ?? "– (unmapped)",
        ]
      })
    return 0
  }

  static let link = Command(
    name: "link", usage: "LISTING SKU[=UNITS] …", summary: "says what one unit of a listing takes",
    wordLimit: nil
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let listing = try arguments.word(0, "LISTING")
    _ = try arguments.word(1, "SKU")
    let components = try arguments.positions.dropFirst().map { text in
      let parts = text.split(separator: "=", maxSplits: 1)
      guard let quantity = parts.count == 1 ? 1 : Int64(parts[1]) else {
        throw UsageError("\(text): SKU=UNITS is wanted")
      }
      return Component(sku: String(parts[0]), quantity: quantity)
    }
    // Mapping does not know what the pool has: a link to nothing would never sell.
    for component in components {
      _ = try await peers.pool.getSku(GetSkuRequest(sku: component.sku))
    }
    let answer = try await peers.mapping.linkListing(
      LinkListingRequest(
        listingID: listing, components: components, actor: "operator",
        requestID: UUID().uuidString))
    Output.line("\(answer.listing?.listingID ?? listing): linked")
    return 0
  }

  static let unlink = Command(
    name: "unlink", usage: "LISTING", summary: "ends what a listing takes; its history stays",
    wordLimit: 1
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let listing = try arguments.word(0, "LISTING")
    _ = try await peers.mapping.unlinkListing(
      UnlinkListingRequest(
        listingID: listing, actor: "operator", requestID: UUID().uuidString))
    Output.line("\(listing): unlinked")
    return 0
  }
}
