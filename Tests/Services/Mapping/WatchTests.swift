import MappingAPI
import Primitives
import Testing

/// Goal: whoever watches listings ends up with what the service holds.
@Suite struct WatchTests {
  /// Method: random links and imports, and a watcher that leaves at random and resumes; seeds are in the names.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func watcherThatIsCutOffMissesNothing(seed: UInt64) async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop", "shop2")
    let writer = Task {
      var random = SeededRandom(seed: seed)
      for step in 0..<150 {
        let item = "i\(Int.random(in: 0..<12, using: &random))"
        let account = Bool.random(using: &random) ? "shop" : "shop2"
        switch Int.random(in: 0..<3, using: &random) {
        case 0: try await bench.take([(item, "S\(step)")], account: account)
        case 1: _ = await refusal { try await bench.link("\(account)/\(item)/", [("TEE", 1)]) }
        default:
          _ = await refusal {
            try await bench.client.unlinkListing(
              UnlinkListingRequest(listingID: "\(account)/\(item)/"))
          }
        }
      }
      // The last change of all, which tells the watcher that it may go.
      try await bench.take([("end", "END")], account: "shop2")
    }
    var random = SeededRandom(seed: seed &+ 1)
    var held: [String: Listing] = [:]
    var sequence: Int64 = 0
    while held["shop2/end/"] == nil {
      var left = Int.random(in: 1...25, using: &random)
      for try await message in bench.client.watchListings(
        WatchListingsRequest(afterSequence: sequence))
      {
        if let listing = message.listing {
          #expect(message.sequence > sequence && listing.sequence == message.sequence)
          held[listing.listingID] = listing
        }
        #expect(message.sequence >= sequence, "seed \(seed)")
        sequence = message.sequence
        left -= 1
        if left == 0 || held["shop2/end/"] != nil { break }
      }
    }
    try await writer.value
    let all = try await bench.allListings()
    #expect(held.values.sorted { $0.listingID < $1.listingID } == all, "seed \(seed)")
  }

  @Test func snapshotEndsWithAMessageWithoutListing() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop", "shop2")
    try await bench.take([("1", "A"), ("2", "B")])
    try await bench.take([("3", "C")], account: "shop2")
    var got: [String] = []
    for try await message in bench.client.watchListings(WatchListingsRequest(accountID: "shop")) {
      got.append("\(message.listing?.listingID ?? "end") \(message.sequence)")
      if message.listing == nil { break }
    }
    #expect(got == ["shop/1/ 1", "shop/2/ 2", "end 3"])
  }

  @Test func watchErrors() async throws {
    let bench = try Bench()
    func watch(_ sequence: Int64) async -> String {
      await refusal {
        for try await _ in bench.client.watchListings(
          WatchListingsRequest(afterSequence: sequence))
        { break }
      }
    }
    #expect(await watch(0) == "OK")
    #expect(await watch(1) == "OUT_OF_RANGE/SEQUENCE_UNKNOWN sequence=1")
    #expect(await watch(-1) == "INVALID_ARGUMENT/INVALID_REQUEST field=after_sequence")
  }
}
