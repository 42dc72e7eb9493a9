import ChannelAdapter
import GatewayAPI
import Kit
import Primitives
import RPCCore
import ShopeeChannel
import Testing

@testable import GatewayService
@testable import SandboxServer

/// Goal: a merchant's yes on the channel's page connects the account, and nobody else's does.
@Suite(.timeLimit(.minutes(5))) struct AuthorisationTests {
  private struct Scene {
    let bench: GatewayBench
    let run: GatewayBench.Run
    let world: ConversationWorld
    let clock: ManualClock

    /// Without `credentials`, what is known of the account.
    func start(_ change: (inout Connection) -> Void = { _ in }) async throws
      -> StartAuthorisationResponse
    {
      let account = AuthorisationWorld.account("shopee")
      var connection = Connection(
        accountID: "shopee-sg", channelID: "shopee", externalID: account.externalID,
        baseURL: account.baseURL,
        credentials: account.credentials.filter { ShopeeAdapter().appCredentials.contains($0.key) })
      change(&connection)
      return try await run.client.startAuthorisation(
        StartAuthorisationRequest(connection: connection, displayName: "Our shop"))
    }

    /// Where the sandbox sends the merchant back to, as path and query.
    func back(_ link: String) async throws -> (suffix: String, query: String) {
      let url = try await AuthorisationWorld.visit(link, world)
      let parts = url.dropFirst("\(GatewayBench.hookURL)/oauth/".count).split(
        separator: "?", maxSplits: 1)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }

    func get(_ suffix: String, _ query: String) async -> (status: Int, text: String) {
      guard let route = run.routes.first(where: { $0.path == "/oauth/*" }) else { return (0, "") }
      var request = HTTPRequest(method: "GET", path: "/oauth/\(suffix)", query: query)
      request.pathSuffix = suffix
      let answer = await route.handle(request)
      return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    var accounts: [String] {
      get async throws {
        try await run.client.listConnections(ListConnectionsRequest()).connections.map(\.accountID)
      }
    }
  }

  private static func scene(_ body: (Scene) async throws -> Void) async throws {
    let world = try await AuthorisationWorld.open()
    let bench = try GatewayBench(others: [ShopeeAdapter()])
    let run = try await bench.start {
      $0.http = ConversationWorld.Way(routes: world.sandbox.routes)
      $0.clock = world.clock
    }
    do {
      try await body(Scene(bench: bench, run: run, world: world, clock: world.clock))
    } catch {
      await run.stop()
      throw error
    }
    await run.stop()
    try await world.remove()
  }

  @Test func yesConnectsTheAccountAndItsListingsCome() async throws {
    try await Self.scene { scene in
      let link = try await scene.start { $0.externalID = "" }
      let (suffix, query) = try await scene.back(link.url)
      let page = await scene.get(suffix, query)
      #expect(page.status == 200 && page.text.contains("shopee-sg is connected"))
      let connection = try #require(
        try await scene.run.client.listConnections(ListConnectionsRequest()).connections.first)
      #expect(connection.externalID == AuthorisationWorld.account("shopee").externalID)
      #expect(connection.credentialNames.contains("authorisation_expires_at"))
      #expect(!connection.credentialNames.contains("auth_code"))
      let name = scene.bench.mapping.state.withLock { $0.accounts["shopee-sg"]?.displayName }
      #expect(name == "Our shop")
      let found = try await scene.run.client.importListings(
        ImportListingsRequest(accountID: "shopee-sg"))
      #expect(found.createdCount == 1)
    }
  }

  @Test func stateIsGoodOnceForItsChannelAndItsTime() async throws {
    try await Self.scene { scene in
      let (suffix, query) = try await scene.back(try await scene.start().url)
      #expect(await scene.get("shopee/callback/none", query).status == 400)
      #expect(await scene.get("shopee/callback", query).status == 400)
      #expect(await scene.get(suffix.replacing("shopee", with: "fake"), query).status == 400)
      #expect(await scene.get(suffix.replacing("shopee", with: "ebay"), query).status == 404)
      #expect(await scene.get("shopee/other", query).status == 404)
      #expect(await scene.get(suffix, query).status == 200)
      #expect(await scene.get(suffix, query).status == 400, "used")
      let first = try await scene.back(try await scene.start().url)
      let second = try await scene.back(try await scene.start().url)
      #expect(await scene.get(first.suffix, first.query).status == 400, "another was started")
      scene.clock.advance(by: .seconds(901))
      #expect(await scene.get(second.suffix, second.query).status == 400, "over")
    }
  }

  /// A code that came without our link, or no code at all, connects nothing; nor does one of another shop.
  @Test func nothingIsConnectedByWhatWasNotGiven() async throws {
    try await Self.scene { scene in
      let (suffix, query) = try await scene.back(try await scene.start().url)
      #expect(await scene.get(suffix, "error=access_denied").status == 400)
      #expect(await scene.get(suffix, query).status == 400, "the state is used")
      let other = try await scene.back(try await scene.start { $0.externalID = "99" }.url)
      let page = await scene.get(other.suffix, other.query)
      #expect(page.status == 400 && page.text.contains("not of this shop"))
      let secret = AuthorisationWorld.account("shopee").credentials["partner_key"] ?? "?"
      #expect(!page.text.contains(secret))
      #expect(try await scene.accounts.isEmpty)
    }
  }

  /// What is wrong with the gateway itself is nothing for a merchant to read.
  @Test func pageTellsNothingOfTheGatewaysOwnTrouble() async throws {
    try await Self.scene { scene in
      let (suffix, query) = try await scene.back(try await scene.start().url)
      scene.run.database.be(full: true)
      let page = await scene.get(suffix, query)
      #expect(page.status >= 400 && !page.text.contains("gateway.db"), "\(page.text)")
      #expect(try await scene.accounts.isEmpty)
    }
  }

  @Test func connectedAccountNeedsOnlyItsName() async throws {
    try await Self.scene { scene in
      let first = try await scene.back(try await scene.start { $0.callsPerSecond = 3 }.url)
      #expect(await scene.get(first.suffix, first.query).status == 200)
      let session = try #require(
        await scene.run.gateway.directory.session(AccountID(trusted: "shopee-sg")))
      let old = await session.connection.account.credentials["access_token"]
      let again = try await scene.run.client.startAuthorisation(
        StartAuthorisationRequest(connection: Connection(accountID: "shopee-sg")))
      let second = try await scene.back(again.url)
      #expect(await scene.get(second.suffix, second.query).status == 200)
      let new = await session.connection.account.credentials["access_token"]
      #expect(new != nil && new != old)
      #expect(await session.connection.callsPerSecond == 3)
      let name = scene.bench.mapping.state.withLock { $0.accounts["shopee-sg"]?.displayName }
      #expect(name == "Our shop")
    }
  }

  /// A code that somebody copied is traded by `ConnectAccount`, which answers a repeat without trading it again.
  @Test func copiedCodeIsTradedOnce() async throws {
    try await Self.scene { scene in
      let (_, query) = try await scene.back(try await scene.start().url)
      let account = AuthorisationWorld.account("shopee")
      var credentials = account.credentials.filter {
        ShopeeAdapter().appCredentials.contains($0.key)
      }
      credentials["auth_code"] = AuthorisationWorld.parameters("back?\(query)")["code"]
      let request = ConnectAccountRequest(
        connection: Connection(
          accountID: "shopee-sg", channelID: "shopee", externalID: account.externalID,
          baseURL: account.baseURL, credentials: credentials), requestID: "r-1")
      let answer = try await scene.run.client.connectAccount(request)
      #expect(answer.connection?.credentialNames.contains("refresh_token") == true)
      #expect(answer.connection?.credentialNames.contains("auth_code") == false)
      #expect(try await scene.run.client.connectAccount(request) == answer)
      var later = request
      later.requestID = "r-2"
      let reason = await ConnectionTests.reason { [later] in
        try await scene.run.client.connectAccount(later)
      }
      #expect(reason == "CHANNEL_REFUSED")
    }
  }

  @Test func wrongStartsAreRefused() async throws {
    try await Self.scene { scene in
      let cases: [(String, (inout Connection) -> Void)] = [
        ("AUTHORISATION_UNSUPPORTED", { $0.channelID = "till" }),
        ("CHANNEL_UNSUPPORTED", { $0.channelID = "ebay" }),
        ("CREDENTIAL_MISSING", { $0.credentials["partner_key"] = nil }),
        ("INVALID_REQUEST connection.account_id", { $0.accountID = "" }),
        ("INVALID_REQUEST connection.base_url", { $0.baseURL = "ftp://x" }),
      ]
      for (wanted, change) in cases {
        let reason = await ConnectionTests.reason { try await scene.start(change) }
        #expect(reason == wanted)
      }
      let till = await ConnectionTests.reason {
        try await scene.run.client.connectAccount(
          ConnectAccountRequest(
            connection: Connection(
              accountID: "till", channelID: "till", externalID: "S1",
              credentials: ["token": "t", "auth_code": "c"])))
      }
      #expect(till == "AUTHORISATION_UNSUPPORTED")
    }
  }
}
