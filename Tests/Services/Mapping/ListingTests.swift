import MappingDomain
import Primitives
import Testing

/// Goal: a listing has one live link at most, and its identity is its own.
@Suite struct ListingTests {
  private let now = Timestamp(seconds: 100)

  @Test func secondLinkIsRefusedAndTheSameChangesNothing() throws {
    var listing = Self.listing("i", sellerSKU: "TEE")
    #expect(
      try listing.link(to: Self.parts("TEE:1 CAP:2"), origin: .manual, actor: "eve", now: now))
    let linked = listing
    #expect(
      try !listing.link(to: Self.parts("CAP:2 TEE:1"), origin: .manual, actor: "bob", now: now))
    for other in ["TEE:1", "TEE:2 CAP:2", "TEE:1 CAP:2 MUG:1"] {
      #expect(throws: MappingError.linkExists(listing.id)) {
        try listing.link(to: Self.parts(other), origin: .manual, actor: "", now: now)
      }
    }
    #expect(listing == linked)
    let ended = listing.unlink(now: Timestamp(seconds: 50))
    #expect(ended?.endTime == now, "a link does not end before it began")
    #expect(listing.link == nil && listing.unlink(now: now) == nil)
    #expect(try listing.link(to: Self.parts("TEE:1"), origin: .manual, actor: "", now: now))
  }

  @Test func exactMatchIsExactAndNeverReplaces() {
    var listing = Self.listing("i", sellerSKU: "TEE-1")
    #expect(listing.linkExactly(to: ["tee-1", "TEE-", "TEE-1 "], now: now) == false)
    #expect(listing.linkExactly(to: ["TEE-1"], now: now) == true)
    #expect(listing.link?.components == Self.parts("TEE-1:1") && listing.link?.origin == .exactSKU)
    _ = listing.update(Listing.Facts(sellerSKU: "CAP"))
    #expect(listing.linkExactly(to: ["CAP"], now: now) == false)
    #expect(listing.link?.components == Self.parts("TEE-1:1"))
  }

  @Test func listingIDsNeverMeet() {
    let account = AccountID(trusted: "shop")
    let keys = [
      ("a", "b/c"), ("a/b", "c"), ("a%2Fb", "c"), ("a", "b%2Fc"), ("a", ""), ("a/", ""), ("a%", ""),
      ("gid://shopify/ProductVariant/1", "2"),
    ].map { item, variation in
      ListingKey(
        itemID: ItemID(trusted: item),
        variationID: variation.isEmpty ? nil : VariationID(trusted: variation))
    }
    let texts = keys.map { $0.listingText(of: account) }
    #expect(Set(texts).count == keys.count)
    #expect(
      texts.allSatisfy { $0.split(separator: "/", omittingEmptySubsequences: false).count == 3 })
    #expect(texts[4] == "shop/a/")
  }

  @Test(arguments: [
    ("", "none"), ("a", "0"), ("a b", "none"), ("a CODE", "1"), ("CODE", "0"), ("CODE.v", "0"),
    ("CODE.v a", "none"),
  ])
  func codeMeansOneListingOrNone(candidates: String, expected: String) {
    let keys = candidates.split(separator: " ").map { text in
      let parts = text.split(separator: ".").map(String.init)
      return ListingKey(
        itemID: ItemID(trusted: parts[0]),
        variationID: parts.count > 1 ? VariationID(trusted: parts[1]) : nil)
    }
    switch CodeMatch("CODE", among: keys) {
    case .none: #expect(expected == "none")
    case .one(let position): #expect(expected == "\(position)")
    }
  }

  private static func listing(_ item: String, sellerSKU: String) -> Listing {
    Listing(
      id: ListingID(trusted: "shop/\(item)/"), accountID: AccountID(trusted: "shop"),
      channelID: ChannelID(trusted: "shopee"), key: ListingKey(itemID: ItemID(trusted: item)),
      facts: Listing.Facts(sellerSKU: sellerSKU))
  }

  /// `SKU:quantity`, with blanks between.
  private static func parts(_ text: String) -> [Component] {
    text.split(separator: " ").map { item in
      let fields = item.split(separator: ":").map(String.init)
      return Component(sku: SKU(trusted: fields[0]), quantity: Quantity(fields[1]) ?? 0)
    }
  }
}
