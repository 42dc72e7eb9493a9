internal import MappingAPI
internal import MappingDomain
internal import Primitives

/// A listing with what the store keeps beside it.
struct StoredListing: Sendable {
  var listing: MappingDomain.Listing
  /// The number of the live link, while there is one.
  var liveLink: Int64?
  var createTime: Timestamp
  var updateTime: Timestamp
  /// The feed's sequence when it was last changed.
  var sequence: Int64

  /// As callers see it.
  var message: MappingAPI.Listing {
    let facts = listing.facts
    return MappingAPI.Listing(
      listingID: listing.id.text, accountID: listing.accountID.text,
      channelID: listing.channelID.text, itemID: listing.key.itemID.text,
      variationID: listing.key.variationID?.text ?? "", sellerSKU: facts.sellerSKU,
      title: facts.title, state: MappingAPI.Listing.State(facts.state),
      attributes: facts.attributes, link: listing.link.map { MappingAPI.Link($0) },
      createTime: createTime, updateTime: updateTime, sequence: sequence)
  }
}

extension MappingAPI.Listing.State {
  init(_ state: MappingDomain.Listing.State) {
    switch state {
    case .live: self = .live
    case .hidden: self = .hidden
    case .deleted: self = .deleted
    }
  }
}

extension MappingAPI.Link {
  init(_ link: MappingDomain.Link) {
    let origin: Origin
    switch link.origin {
    case .manual: origin = .manual
    case .exactSKU: origin = .exactSKU
    }
    self.init(
      components: link.components.map { MappingAPI.Component($0) }, origin: origin,
      actor: link.actor, startTime: link.startTime, endTime: link.endTime)
  }
}

extension MappingAPI.Component {
  init(_ component: MappingDomain.Component) {
    self.init(sku: component.sku.text, quantity: component.quantity)
  }
}
