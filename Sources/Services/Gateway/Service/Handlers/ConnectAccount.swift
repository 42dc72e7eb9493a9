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
    let connection = try await merged(wanted, adapter)
    try await checkLocation(wanted.locationID)
    try await tellMapping(account, displayName)
    let keys = gateway.keys
    let response = ConnectAccountResponse(connection: Connection(connection))
    let now = store.clock.now()
    let answer = try await store.database.write(until: context.deadline) { transaction in
      try transaction.once(request.requestID, request, now: now) {
        try transaction.save(connection, keys)
        return response
      }
    }
    await gateway.connect(connection, wanted: wanted, adapter)
    return answer
  }

  private func checked(
    _ request: ConnectAccountRequest
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
    check.text(connection.externalID, "connection.external_id", atMost: 128)
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
  private func merged(
    _ wanted: ConnectionRow, _ adapter: any ChannelAdapter
  ) async throws -> ConnectionRow {
    var connection = wanted
    let account = wanted.account
    let conflict = GatewayError.accountExists(
      accountID: account.accountID.text, externalID: account.externalID)
    if let other = await gateway.directory.session(account.channelID, shop: account.externalID),
      other.accountID != account.accountID
    {
      throw conflict
    }
    if let known = await gateway.directory.session(account.accountID)?.connection {
      guard known.account.channelID == account.channelID,
        known.account.externalID == account.externalID
      else { throw conflict }
      connection = known.merged(with: wanted)
    }
    for name in adapter.traits.requiredCredentials {
      guard let value = connection.account.credentials[name], !value.isEmpty else {
        throw GatewayError.credentialMissing(name)
      }
    }
    return connection
  }

  /// A location that the pool does not have would be found out only by the first sale or return.
  private func checkLocation(_ locationID: String) async throws {
    guard !locationID.isEmpty else { return }
    var request = ListLocationsRequest(pageSize: GatewayLimits.locationPage)
    repeat {
      let page = try await gateway.peers.pool.listLocations(request)
      if page.locations.contains(where: { $0.locationID == locationID }) { return }
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    var check = RequestCheck()
    check.refuse("connection.location_id", "The pool has no location \(locationID).")
    try check.finish()
  }

  private func tellMapping(_ account: ChannelAccount, _ displayName: String) async throws {
    let mapping = gateway.peers.mapping
    let channel = SetChannelRequest(
      channel: Channel(
        channelID: account.channelID.text, displayName: account.channelID.text.capitalized))
    _ = try await mapping.setChannel(channel)
    _ = try await mapping.setAccount(
      SetAccountRequest(
        account: Account(
          accountID: account.accountID.text, channelID: account.channelID.text,
          displayName: displayName, externalID: account.externalID)))
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
