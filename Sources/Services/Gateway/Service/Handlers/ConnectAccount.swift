internal import ChannelAdapter
internal import Foundation
internal import GatewayAPI
internal import Kit
internal import MappingAPI
internal import PoolAPI
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  func connectAccount(
    _ request: ConnectAccountRequest, context: ServerContext
  ) async throws -> ConnectAccountResponse {
    let (wanted, displayName) = try checked(request)
    let account = wanted.account
    guard let adapter = gateway.registry[account.channelID] else {
      throw GatewayError.channelUnsupported(account.channelID.text)
    }
    // A repeat is answered before anything is made again; another body of the same ID is refused
    // before, too.
    let first = try await firstAnswer(request.requestID, request) as ConnectAccountResponse?
    if let first { return first }
    let prepared = try await prepare(wanted, displayName, adapter, code(in: wanted.account))
    let keys = gateway.keys
    let response = ConnectAccountResponse(connection: Connection(prepared.connection))
    let now = store.clock.now()
    let answer = try await store.database.write(until: context.deadline) { transaction in
      try transaction.once(request.requestID, request, now: now) {
        try transaction.save(prepared.connection, keys)
        return response
      }
    }
    await gateway.connect(prepared.connection, wanted: prepared.wanted, adapter)
    return answer
  }

  /// The code that somebody has copied from where the channel sent the merchant back to.
  private func code(in account: ChannelAccount) -> AuthorisationGrant? {
    guard let code = account.credentials[ChannelAccount.authorisationCodeName], !code.isEmpty
    else { return nil }
    return AuthorisationGrant(code: code, redirectURL: gateway.redirectURL(account.channelID))
  }

  /// What is to be stored, and what of it is new. A grant is good once, so everything else that may fail comes before it is
  /// traded.
  func prepare(
    _ asked: ConnectionRow, _ displayName: String, _ adapter: any ChannelAdapter,
    _ grant: AuthorisationGrant?
  ) async throws -> (connection: ConnectionRow, wanted: ConnectionRow) {
    var wanted = asked
    wanted.account.credentials[ChannelAccount.authorisationCodeName] = nil
    var connection = try await merged(wanted)
    let authorising = adapter as? any Authorising
    if grant != nil, authorising == nil {
      throw GatewayError.authorisationUnsupported(adapter.channelID.text)
    }
    let needed = grant == nil ? adapter.traits.requiredCredentials : authorising?.appCredentials
    try require(needed ?? [], of: connection.account)
    try await checkLocation(wanted.locationID, "location_id")
    for (place, location) in wanted.account.pickupLocations.sorted(by: { $0.key < $1.key }) {
      try await checkLocation(location, "credentials[pickup_location:\(place)]")
    }
    let isNamed = !wanted.account.externalID.isEmpty
    if isNamed { try await tellMapping(wanted.account, displayName) }
    if let grant, let authorising {
      let shop = try await exchanged(grant, connection.account, authorising)
      wanted.account.externalID = shop.externalID
      wanted.account.credentials.merge(shop.credentials) { $1 }
      connection = try await merged(wanted)
      try require(adapter.traits.requiredCredentials, of: connection.account)
    }
    if !isNamed { try await tellMapping(wanted.account, displayName) }
    return (connection, wanted)
  }

  func require(_ names: [String], of account: ChannelAccount) throws {
    for name in names where account.credentials[name]?.isEmpty ?? true {
      throw GatewayError.credentialMissing(name)
    }
  }

  private func exchanged(
    _ grant: AuthorisationGrant, _ account: ChannelAccount, _ adapter: any Authorising
  ) async throws -> AuthorisedShop {
    do throws(ChannelError) {
      return try await adapter.exchange(grant, api: gateway.api(of: account))
    } catch {
      var secrets = account.credentials
      secrets[ChannelAccount.authorisationCodeName] = grant.code
      throw GatewayError(error.hiding(secrets), account: account.accountID.text)
    }
  }

  /// - Parameter mayBeUnnamed: whether the channel may tell which shop it is.
  func checked(
    _ request: ConnectAccountRequest, mayBeUnnamed: Bool = false
  ) throws -> (ConnectionRow, displayName: String) {
    var check = RequestCheck()
    let connection = check.required(request.connection, "connection") ?? Connection()
    let accountID = check.identifier(
      AccountID.self, connection.accountID, "connection.account_id")
    if accountID.text.contains("/") {
      check.refuse("connection.account_id", "It holds a slash.")
    }
    let channelID = check.identifier(
      ChannelID.self, connection.channelID, "connection.channel_id")
    check.text(
      connection.externalID, "connection.external_id", atMost: 128,
      mayBeEmpty: mayBeUnnamed)
    let baseURL = Self.baseURL(connection.baseURL, &check)
    for (name, value) in connection.credentials {
      if name.isEmpty || name.utf8.count > 64 || value.utf8.count > 4096 {
        check.refuse("connection.credentials", "A name or value is empty or too long.")
      }
    }
    if !(0...10_000).contains(connection.callsPerSecond) {
      check.refuse("connection.calls_per_second", "It must be from 0 to 10000.")
    }
    _ = check.optionalIdentifier(
      LocationID.self, connection.locationID, "connection.location_id")
    check.text(request.displayName, "display_name", atMost: 200, mayBeEmpty: true)
    check.requestID(request.requestID)
    try check.finish()
    return (
      ConnectionRow(
        account: ChannelAccount(
          accountID: accountID, channelID: channelID, externalID: connection.externalID,
          baseURL: baseURL, credentials: connection.credentials),
        callsPerSecond: connection.callsPerSecond, locationID: connection.locationID,
        updateTime: store.clock.now(), connectTime: store.clock.now()), request.displayName
    )
  }

  private static func baseURL(_ text: String, _ check: inout RequestCheck) -> String {
    check.text(text, "connection.base_url", atMost: 500, mayBeEmpty: true)
    guard !text.isEmpty else { return text }
    let scheme = URLComponents(string: text)?.scheme?.lowercased()
    if (scheme != "http" && scheme != "https") || URLComponents(string: text)?.host == nil {
      check.refuse("connection.base_url", "It must begin with https:// or http:// and a host.")
    }
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }

  /// What is known already stays where the request says nothing: tokens may have been refreshed
  /// since.
  func merged(_ wanted: ConnectionRow) async throws -> ConnectionRow {
    let account = wanted.account
    let conflict = GatewayError.accountExists(
      accountID: account.accountID.text, externalID: account.externalID)
    if let other = await gateway.directory.session(account.channelID, shop: account.externalID),
      other.accountID != account.accountID
    {
      throw conflict
    }
    guard let known = await gateway.directory.session(account.accountID)?.connection else {
      return wanted
    }
    guard known.account.channelID == account.channelID,
      known.account.externalID == account.externalID
    else { throw conflict }
    return known.merged(with: wanted)
  }

  /// A location that the pool does not have would be found out only by the first sale or return.
  private func checkLocation(_ locationID: String, _ field: String) async throws {
    guard !locationID.isEmpty else { return }
    var request = ListLocationsRequest(pageSize: GatewayLimits.locationPage)
    repeat {
      let page = try await gateway.peers.pool.listLocations(request)
      if page.locations.contains(where: { $0.locationID == locationID }) { return }
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    var check = RequestCheck()
    check.refuse("connection.\(field)", "The pool has no location \(locationID).")
    try check.finish()
  }

  private func tellMapping(_ account: ChannelAccount, _ displayName: String) async throws {
    let mapping = gateway.peers.mapping
    let channel = SetChannelRequest(
      channel: Channel(
        channelID: account.channelID.text, displayName: account.channelID.text.capitalized))
    _ = try await mapping.setChannel(channel)
    let name = displayName.isEmpty ? try await knownName(account.accountID) : displayName
    _ = try await mapping.setAccount(
      SetAccountRequest(
        account: Account(
          accountID: account.accountID.text, channelID: account.channelID.text,
          displayName: name, externalID: account.externalID)))
  }

  /// What people call the account by now; empty for a new one.
  private func knownName(_ accountID: AccountID) async throws -> String {
    do throws(RPCError) {
      let request = GetAccountRequest(accountID: accountID.text)
      return try await gateway.peers.mapping.getAccount(request).account?.displayName ?? ""
    } catch {
      if error.code == .notFound { return "" }
      throw error
    }
  }
}

extension Connection {
  /// Without its secrets: only their names.
  init(_ row: ConnectionRow) {
    self.init(
      accountID: row.account.accountID.text, channelID: row.account.channelID.text,
      externalID: row.account.externalID, baseURL: row.account.baseURL,
      callsPerSecond: row.callsPerSecond,
      credentialNames: row.account.credentials.keys.sorted(), updateTime: row.updateTime,
      locationID: row.locationID)
  }
}
