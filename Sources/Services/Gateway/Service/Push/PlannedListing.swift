internal import ChannelAdapter
internal import GatewayDomain
internal import MappingAPI
internal import Primitives

/// A listing as the planner keeps it: what it takes from the pool, and what its channel needs to
/// set its stock.
struct PlannedListing: Sendable {
  var listingID: ListingID
  var accountID: AccountID
  var channelID: ChannelID
  var channelListing: ChannelListing
  /// Empty while it maps to nothing or is deleted.
  var components: [SKUAmount]
  /// Mapping's sequence of its last change.
  var sequence: Int64

  init(_ listing: MappingAPI.Listing, sequence: Int64) {
    listingID = ListingID(trusted: listing.listingID)
    accountID = AccountID(trusted: listing.accountID)
    channelID = ChannelID(trusted: listing.channelID)
    let state: ChannelListing.State =
      switch listing.state {
      case .hidden: .hidden
      case .deleted: .deleted
      case .live, .unspecified, .unrecognized: .live
      }
    channelListing = ChannelListing(
      itemID: listing.itemID, variationID: listing.variationID, sellerSKU: listing.sellerSKU,
      title: listing.title, state: state, attributes: listing.attributes)
    let linked = listing.link?.components ?? []
    components =
      state == .deleted
      ? []
      : linked.filter { $0.quantity > 0 }.map {
        SKUAmount(sku: SKU(trusted: $0.sku), quantity: $0.quantity)
      }
    self.sequence = sequence
  }
}

/// What one listing should show from now on; nil when it is not to be pushed.
struct Want: Sendable {
  var listing: PlannedListing
  var quantity: Quantity?
  var version: PushVersion
  var commitTime: Timestamp?
}
