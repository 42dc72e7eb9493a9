import MappingAPI
import Testing

/// Goal: channels and accounts are set again without harm, and a shop belongs to one account.
@Suite struct AccountTests {
  @Test func channelIsCreatedThenRenamed() async throws {
    let bench = try Bench()
    for name in ["Shopee", "Shopee", "Shopee Malaysia"] {
      _ = try await bench.client.setChannel(
        SetChannelRequest(channel: Channel(channelID: "shopee", displayName: name)))
    }
    _ = try await bench.client.setChannel(
      SetChannelRequest(channel: Channel(channelID: "lazada", displayName: "Lazada")))
    let channels = try await bench.client.listChannels(ListChannelsRequest()).channels
    #expect(channels.map(\.displayName) == ["Lazada", "Shopee Malaysia"])
  }

  @Test func accountKeepsItsVersion() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    func set(_ name: String, etag: String) async -> String {
      await refusal {
        try await bench.client.setAccount(
          SetAccountRequest(
            account: Account(
              accountID: "shop", channelID: "shopee", displayName: name, externalID: "x-shop",
              etag: etag)))
      }
    }
    #expect(await set("One", etag: "1") == "OK")
    #expect(await set("Two", etag: "1") == "ABORTED/ETAG_MISMATCH accountId=shop")
    #expect(await set("One", etag: "2") == "OK")
    let account = try await bench.client.getAccount(GetAccountRequest(accountID: "shop")).account
    #expect(account?.etag == "2" && account?.displayName == "One")
  }

  /// Method: each error that the proto lists, once.
  @Test func accountErrors() async throws {
    let bench = try Bench()
    try await bench.setUp(accounts: "shop")
    try await bench.setUp("lazada")
    let table: [(Account, String)] = [
      (
        Account(accountID: "b", channelID: "nowhere"), "NOT_FOUND/CHANNEL_UNKNOWN channelId=nowhere"
      ),
      (
        Account(accountID: "b", channelID: "shopee", externalID: "x-shop"),
        "ALREADY_EXISTS/ACCOUNT_EXISTS accountId=b externalId=x-shop"
      ),
      (
        Account(accountID: "shop", channelID: "lazada", externalID: "9"),
        "ALREADY_EXISTS/ACCOUNT_EXISTS accountId=shop externalId=9"
      ),
      (
        Account(accountID: "b", channelID: "lazada", externalID: "x", etag: "1"),
        "ABORTED/ETAG_MISMATCH accountId=b"
      ),
      (Account(accountID: "b", channelID: "lazada", externalID: "x-shop"), "OK"),
    ]
    for (account, expected) in table {
      let outcome = await refusal {
        try await bench.client.setAccount(SetAccountRequest(account: account))
      }
      #expect(outcome == expected)
    }
    let unknown = await refusal {
      try await bench.client.getAccount(GetAccountRequest(accountID: "ghost"))
    }
    #expect(unknown == "NOT_FOUND/ACCOUNT_UNKNOWN accountId=ghost")
  }

  /// Two tills of a channel without shop IDs do not stand in each other's way.
  @Test func accountsWithoutShopIDDoNotMeet() async throws {
    let bench = try Bench()
    try await bench.setUp("till")
    for id in ["till-1", "till-2"] {
      _ = try await bench.client.setAccount(
        SetAccountRequest(account: Account(accountID: id, channelID: "till")))
    }
    let accounts = try await bench.client.listAccounts(ListAccountsRequest(channelID: "till"))
      .accounts
    #expect(accounts.map(\.accountID) == ["till-1", "till-2"])
  }

  @Test func accountsArePagedInOrder() async throws {
    let bench = try Bench()
    try await bench.setUp("shopee")
    try await bench.setUp("lazada", accounts: "z1", "z2", "z3")
    for number in 0..<120 {
      _ = try await bench.client.setAccount(
        SetAccountRequest(account: Account(accountID: "a\(1000 + number)", channelID: "shopee")))
    }
    for (channel, count) in [("", 123), ("shopee", 120), ("lazada", 3)] {
      var request = ListAccountsRequest(channelID: channel, pageSize: 7)
      var found: [String] = []
      repeat {
        let page = try await bench.client.listAccounts(request)
        found += page.accounts.map(\.accountID)
        request.pageToken = page.nextPageToken
      } while !request.pageToken.isEmpty
      #expect(found.count == count && found == found.sorted() && Set(found).count == count)
    }
  }
}
