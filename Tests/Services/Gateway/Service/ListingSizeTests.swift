import GatewayDomain
import MappingAPI
import Primitives
import Testing

@testable import GatewayService

/// malloc_usable_size(3), which Swift's Glibc leaves out.
@_silgen_name("malloc_usable_size")
private func usableSize(_ pointer: UnsafeMutableRawPointer) -> Int

/// Goal: 100,000 listings take little memory. Method: ask the allocator how much it gave to what is kept of one.
@Suite struct ListingSizeTests {
  /// The bytes of an object, less what malloc adds at the most to round it up.
  private func bytes(_ object: AnyObject) -> Int {
    usableSize(Unmanaged.passUnretained(object).toOpaque()) - 8
  }

  @Test func whatIsKeptOfAListingFitsTheAllocatorsSizes() {
    let entry = AccountPusher.Entry(ListingID(trusted: "a/1/2"), PushState())
    #expect(bytes(entry) <= 384)
    let owner = ListingOwner(AccountID(trusted: "a"), ChannelID(trusted: "shopee"))
    let planned = PlannedListing(MappingAPI.Listing(), of: owner, sequence: 1) { $0 }
    #expect(bytes(planned) <= 160)
  }

  /// Goal: pushing a listing again and again leaves it where it was.
  @Test func spansOfPushesTakeNoRoomOfTheirOwn() {
    let entry = AccountPusher.Entry(ListingID(trusted: "a/1/2"), PushState())
    let before = bytes(entry)
    for number in 1...200 {
      entry.lags.add(.milliseconds(number))
      entry.readBackLags.add(.milliseconds(2 * number))
    }
    #expect(bytes(entry) == before && entry.lags.count == RecentSpans.capacity)
    #expect(entry.lags.quantile(1) < entry.readBackLags.quantile(1))
  }
}
