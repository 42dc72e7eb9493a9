internal import ChannelAdapter
internal import GatewayDomain
internal import MappingAPI
internal import Primitives

/// Whose listings they are: one object for all of an account's.
final class ListingOwner: Sendable {
  let accountID: AccountID
  let channelID: ChannelID

  init(_ accountID: AccountID, _ channelID: ChannelID) {
    self.accountID = accountID
    self.channelID = channelID
  }
}

/// A listing as the planner keeps it: what it takes from the pool, and what its channel needs to
/// set its stock. There are many, so planner and pusher share one.
final class PlannedListing: Keyed, Sendable {
  let listingID: ListingID
  private let owner: ListingOwner
  /// Empty while it maps to nothing or is deleted.
  let components: ListingComponents
  /// Mapping's sequence of its last change.
  let sequence: Int64
  private let itemID: String
  private let variationID: String
  private let state: ChannelListing.State
  private let attributes: [String: String]
  let sellerSKU: String

  var key: ListingID { listingID }
  var accountID: AccountID { owner.accountID }
  var channelID: ChannelID { owner.channelID }

  /// - Parameter shared: the text of a SKU that is here already, where there is one.
  init(
    _ listing: MappingAPI.Listing, of owner: ListingOwner, sequence: Int64,
    shared: (String) -> String
  ) {
    listingID = ListingID(trusted: listing.listingID)
    self.owner = owner
    let state: ChannelListing.State =
      switch listing.state {
      case .hidden: .hidden
      case .deleted: .deleted
      case .live, .unspecified, .unrecognized: .live
      }
    self.state = state
    itemID = listing.itemID
    variationID = listing.variationID
    attributes = listing.attributes
    let linked = state == .deleted ? [] : listing.link?.components ?? []
    let amounts = linked.filter { $0.quantity > 0 }.map {
      SKUAmount(sku: SKU(trusted: shared($0.sku)), quantity: $0.quantity)
    }
    components = ListingComponents(amounts)
    // Most often the code is the SKU.
    let code = listing.sellerSKU
    sellerSKU = amounts.first { $0.sku.text == code }?.sku.text ?? code
    self.sequence = sequence
  }

  /// As its adapter takes it. No channel asks for a title to set stock.
  var channelListing: ChannelListing {
    ChannelListing(
      itemID: itemID, variationID: variationID, sellerSKU: sellerSKU, state: state,
      attributes: attributes)
  }
}

/// What one listing should show from now on; nil when it is not to be pushed.
struct Want: Sendable {
  var listing: PlannedListing
  var quantity: Quantity?
  var version: PushVersion
  var commitTime: Timestamp?
}
