import ChannelAdapter
import Foundation
import GatewayAPI
import Primitives
import RPCCore
import Testing

@testable import GatewayService

@Suite struct ConnectionTests {
  static func connection(_ change: (inout Connection) -> Void = { _ in }) -> Connection {
    var connection = Connection(
      accountID: "acc", channelID: "fake", externalID: "shop-1",
      baseURL: "https://api.example.com/", credentials: ["secret": "very-secret-thing"])
    change(&connection)
    return connection
  }

  static func reason(_ body: () async throws -> some Sendable) async -> String {
    do {
      _ = try await body()
      return "no error"
    } catch let error as RPCError {
      let fields = error.violations.map(\.field).sorted().joined(separator: ",")
      return fields.isEmpty ? error.reason : "\(error.reason) \(fields)"
    } catch {
      return "\(error)"
    }
  }

  @Test func secretsAreUnreadableAtRestAndNeverSent() async throws {
    let bench = try GatewayBench()
    let run = try await bench.start()
    let response = try await run.client.connectAccount(
      ConnectAccountRequest(connection: Self.connection()))
    #expect(response.connection?.credentials.isEmpty == true)
    #expect(response.connection?.credentialNames == ["secret"])
    #expect(response.connection?.baseURL == "https://api.example.com")
    let listed = try await run.client.listConnections(ListConnectionsRequest()).connections
    #expect(listed.map(\.credentials) == [[:]])
    await run.stop()
    for name in try FileManager.default.contentsOfDirectory(atPath: bench.folder.path) {
      let data = try Data(contentsOf: URL(fileURLWithPath: bench.folder.file(name)))
      #expect(data.range(of: Data("very-secret-thing".utf8)) == nil, "\(name) shows it")
    }
    let again = try await bench.start()
    let session = await again.gateway.directory.session(AccountID(trusted: "acc"))
    #expect(await session?.connection.account.credentials == ["secret": "very-secret-thing"])
    await again.stop()
  }

  @Test func accountIsMadeInMapping() async throws {
    let bench = try GatewayBench()
    let run = try await bench.start()
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(connection: Self.connection(), displayName: "Our shop"))
    let account = bench.mapping.state.withLock { $0.accounts["acc"] }
    #expect(account?.externalID == "shop-1" && account?.displayName == "Our shop")
    await run.stop()
  }

  @Test func knownCredentialsStayWhereNothingIsSaid() async throws {
    let bench = try GatewayBench()
    let run = try await bench.start()
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(
        connection: Self.connection { $0.credentials["token"] = "t1" }))
    let response = try await run.client.connectAccount(
      ConnectAccountRequest(
        connection: Self.connection {
          $0.credentials = [:]
          $0.callsPerSecond = 3
        }))
    #expect(response.connection?.credentialNames == ["secret", "token"])
    #expect(response.connection?.callsPerSecond == 3)
    await run.stop()
  }

  @Test func repeatGetsTheFirstAnswer() async throws {
    let bench = try GatewayBench()
    let run = try await bench.start()
    let request = ConnectAccountRequest(connection: Self.connection(), requestID: "r-1")
    let first = try await run.client.connectAccount(request)
    #expect(try await run.client.connectAccount(request) == first)
    var other = request
    other.connection?.locationID = "ELSEWHERE"
    let reason = await Self.reason { [other] in try await run.client.connectAccount(other) }
    #expect(reason == "REQUEST_ID_REUSED")
    await run.stop()
  }

  @Test func wrongConnectionsAreRefusedByName() async throws {
    let bench = try GatewayBench()
    let run = try await bench.start()
    let cases: [(String, (inout Connection) -> Void)] = [
      ("INVALID_REQUEST connection.account_id", { $0.accountID = "" }),
      ("INVALID_REQUEST connection.account_id", { $0.accountID = "a/b" }),
      ("INVALID_REQUEST connection.channel_id", { $0.channelID = "" }),
      ("INVALID_REQUEST connection.external_id", { $0.externalID = "" }),
      ("INVALID_REQUEST connection.base_url", { $0.baseURL = "ftp://x" }),
      ("INVALID_REQUEST connection.base_url", { $0.baseURL = "x" }),
      ("INVALID_REQUEST connection.calls_per_second", { $0.callsPerSecond = -1 }),
      ("INVALID_REQUEST connection.calls_per_second", { $0.callsPerSecond = .nan }),
      ("INVALID_REQUEST connection.location_id", { $0.locationID = " x" }),
      ("INVALID_REQUEST connection.location_id", { $0.locationID = "NOWHERE" }),
      (
        "INVALID_REQUEST connection.credentials[pickup_location:London]",
        { $0.credentials["pickup_location:London"] = "NOWHERE" }
      ),
      ("CHANNEL_UNSUPPORTED", { $0.channelID = "ebay" }),
      ("CREDENTIAL_MISSING", { $0.credentials = [:] }),
    ]
    for (wanted, change) in cases {
      let request = ConnectAccountRequest(connection: Self.connection(change))
      let reason = await Self.reason { try await run.client.connectAccount(request) }
      #expect(reason == wanted)
    }
    let missing = await Self.reason {
      try await run.client.connectAccount(ConnectAccountRequest())
    }
    #expect(missing.hasPrefix("INVALID_REQUEST connection"))
    #expect(try await run.client.listConnections(ListConnectionsRequest()).connections.isEmpty)
    #expect(bench.mapping.state.withLock { $0.accounts.isEmpty }, "nobody is told of them")
    await run.stop()
  }

  @Test func shopBelongsToOneAccount() async throws {
    let bench = try GatewayBench()
    let run = try await bench.start()
    _ = try await run.client.connectAccount(
      ConnectAccountRequest(connection: Self.connection()))
    for change: @Sendable (inout Connection) -> Void in [
      { $0.accountID = "other" }, { $0.externalID = "shop-2" },
    ] {
      let request = ConnectAccountRequest(connection: Self.connection(change))
      let reason = await Self.reason { try await run.client.connectAccount(request) }
      #expect(reason == "ACCOUNT_EXISTS")
    }
    await run.stop()
  }

  @Test func connectionsAreListedInPages() async throws {
    let bench = try GatewayBench()
    let run = try await bench.start()
    for number in 1...5 {
      _ = try await run.client.connectAccount(
        ConnectAccountRequest(
          connection: Self.connection {
            $0.accountID = "acc\(number)"
            $0.externalID = "shop-\(number)"
          }))
    }
    var found: [String] = []
    var token = ""
    repeat {
      let page = try await run.client.listConnections(
        ListConnectionsRequest(pageSize: 2, pageToken: token))
      #expect(page.connections.count <= 2)
      found += page.connections.map(\.accountID)
      token = page.nextPageToken
    } while !token.isEmpty
    #expect(found == (1...5).map { "acc\($0)" })
    let reason = await Self.reason {
      try await run.client.listConnections(ListConnectionsRequest(pageToken: "nonsense"))
    }
    #expect(reason == "PAGE_TOKEN_INVALID page_token")
    await run.stop()
  }

  @Test func listingsAreImportedPageByPage() async throws {
    let bench = try GatewayBench()
    bench.pool.receive("TEE", 4)
    bench.channel.with {
      $0.listings = (1...5).map {
        ChannelListing(
          itemID: "i\($0)", variationID: "", sellerSKU: $0 == 5 ? "UNKNOWN" : "TEE", title: "T")
      }
    }
    try await bench.run { run in
      let response = try await run.client.importListings(
        ImportListingsRequest(accountID: "acc"))
      #expect(response.createdCount == 5 && response.linkedCount == 4)
      #expect(response.unmappedCount == 1)
      for number in 1...4 { try await PushTests.shows(bench, "i\(number)", 4) }
      let reason = await Self.reason {
        try await run.client.importListings(ImportListingsRequest(accountID: "none"))
      }
      #expect(reason == "ACCOUNT_UNKNOWN")
    }
  }

  @Test func unknownThingsAreNotFound() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      let client = run.client
      let cases: [(String, @Sendable () async throws -> Void)] = [
        (
          "LISTING_UNKNOWN",
          { _ = try await client.repushListing(RepushListingRequest(listingID: "x")) }
        ),
        (
          "EVENT_UNKNOWN",
          { _ = try await client.replayInboxEvent(ReplayInboxEventRequest(inboxID: 9)) }
        ),
        ("ALERT_UNKNOWN", { _ = try await client.resolveAlert(ResolveAlertRequest(alertID: 9)) }),
        (
          "INVALID_REQUEST inbox_id",
          { _ = try await client.replayInboxEvent(ReplayInboxEventRequest()) }
        ),
        (
          "INVALID_REQUEST page_size",
          { _ = try await client.listAlerts(ListAlertsRequest(pageSize: -1)) }
        ),
        (
          "INVALID_REQUEST state",
          {
            _ = try await client.listInboxEvents(
              ListInboxEventsRequest(state: .unrecognized(77)))
          }
        ),
      ]
      for (wanted, body) in cases {
        #expect(await Self.reason(body) == wanted)
      }
    }
  }

  @Test func alertEndsAndIsKept() async throws {
    let bench = try GatewayBench()
    try await bench.run { run in
      await run.gateway.alerts.raise(.oversold, about: "o1", account: nil, "three units")
      await run.gateway.alerts.raise(.oversold, about: "o1", account: nil, "four units")
      let alerts = try await run.client.listAlerts(ListAlertsRequest()).alerts
      #expect(alerts.count == 1 && alerts.first?.raiseCount == 2)
      #expect(alerts.first?.message == "four units")
      let id = alerts.first?.alertID ?? 0
      let ended = try await run.client.resolveAlert(ResolveAlertRequest(alertID: id))
      #expect(ended.alert?.resolveTime != nil)
      #expect(try await run.client.resolveAlert(ResolveAlertRequest(alertID: id)) == ended)
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.isEmpty)
      let all = try await run.client.listAlerts(ListAlertsRequest(includeResolved: true)).alerts
      #expect(all.count == 1)
      await run.gateway.alerts.raise(.oversold, about: "o1", account: nil, "again")
      #expect(try await run.client.listAlerts(ListAlertsRequest()).alerts.first?.alertID != id)
    }
  }
}
