internal import Kit
public import MappingAPI
internal import MappingDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension MappingHandler {
  public func setChannel(
    _ request: SetChannelRequest, context: ServerContext
  ) async throws -> SetChannelResponse {
    var check = RequestCheck()
    check.requestID(request.requestID)
    let wanted = check.required(request.channel, "channel") ?? MappingAPI.Channel()
    if request.channel == nil { try check.finish() }
    let id = check.channelID(wanted.channelID, "channel.channel_id")
    check.text(
      wanted.displayName, "channel.display_name", atMost: MappingLimits.displayNameBytes,
      mayBeEmpty: true)
    try check.finish()
    let channel = MappingDomain.Channel(id: id, displayName: wanted.displayName)
    return try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { transaction in
      if try transaction.knownChannel(id) != channel { try transaction.save(channel) }
      return SetChannelResponse(channel: MappingAPI.Channel(channel))
    }
  }

  public func listChannels(
    _ request: ListChannelsRequest, context: ServerContext
  ) async throws -> ListChannelsResponse {
    let size = try PageSize.clamped(request.pageSize)
    let after = try PageToken.decode(request.pageToken, scope: "ListChannels", partCount: 1)
    let found = try await database.read(until: context.deadline) {
      try $0.channels(after: after?.parts[0] ?? "", limit: size + 1)
    }
    let page = Page(found, size: size, scope: "ListChannels") { PageToken($0.id.text) }
    return ListChannelsResponse(
      channels: page.items.map { MappingAPI.Channel($0) }, nextPageToken: page.nextToken)
  }

  public func setAccount(
    _ request: SetAccountRequest, context: ServerContext
  ) async throws -> SetAccountResponse {
    let (wanted, etag) = try Self.checked(request)
    return try await database.once(
      request, requestID: request.requestID, until: context.deadline, clock: clock
    ) { [clock] transaction in
      let stored = try transaction.set(wanted, etag: etag, now: clock.now())
      return SetAccountResponse(account: stored.message)
    }
  }

  public func getAccount(
    _ request: GetAccountRequest, context: ServerContext
  ) async throws -> GetAccountResponse {
    var check = RequestCheck()
    let id = check.identifier(AccountID.self, request.accountID, "account_id")
    try check.finish()
    let stored = try await database.read(until: context.deadline) { try $0.account(id) }
    return GetAccountResponse(account: stored.message)
  }

  public func listAccounts(
    _ request: ListAccountsRequest, context: ServerContext
  ) async throws -> ListAccountsResponse {
    var check = RequestCheck()
    let channel = check.optionalIdentifier(ChannelID.self, request.channelID, "channel_id")
    try check.finish()
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListAccounts/\(request.channelID)"
    let after = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)
    let found = try await database.read(until: context.deadline) {
      try $0.accounts(on: channel, after: after?.parts[0] ?? "", limit: size + 1)
    }
    let page = Page(found, size: size, scope: scope) { PageToken($0.account.id.text) }
    return ListAccountsResponse(
      accounts: page.items.map(\.message), nextPageToken: page.nextToken)
  }

  private static func checked(
    _ request: SetAccountRequest
  ) throws -> (account: MappingDomain.Account, etag: String) {
    var check = RequestCheck()
    check.requestID(request.requestID)
    let wanted = check.required(request.account, "account") ?? MappingAPI.Account()
    if request.account == nil { try check.finish() }
    let id = check.identifier(AccountID.self, wanted.accountID, "account.account_id")
    if id.text.utf8.contains(UInt8(ascii: "/")) {
      check.refuse("account.account_id", "It holds a slash.")
    }
    let external = check.optionalIdentifier(
      ShopID.self, wanted.externalID, "account.external_id")
    let account = MappingDomain.Account(
      id: id,
      channelID: check.identifier(ChannelID.self, wanted.channelID, "account.channel_id"),
      displayName: check.text(
        wanted.displayName, "account.display_name", atMost: MappingLimits.displayNameBytes,
        mayBeEmpty: true),
      externalID: external?.text ?? "")
    try check.finish()
    return (account, wanted.etag)
  }
}

extension Transaction {
  /// Creates an account or changes the one of that ID; one that stands as wanted stays as it is.
  fileprivate func set(
    _ wanted: MappingDomain.Account, etag: String, now: Timestamp
  ) throws -> StoredAccount {
    guard try knownChannel(wanted.channelID) != nil else {
      throw MappingError.channelUnknown(wanted.channelID)
    }
    let before = try knownAccount(wanted.id)
    if !etag.isEmpty, etag != before?.etag { throw MappingError.etagMismatch(wanted.id) }
    if let before, before.account.channelID != wanted.channelID {
      throw MappingError.accountExists(wanted.id, externalID: wanted.externalID)
    }
    if !wanted.externalID.isEmpty,
      let owner = try account(on: wanted.channelID, externalID: wanted.externalID),
      owner.account.id != wanted.id
    {
      throw MappingError.accountExists(wanted.id, externalID: wanted.externalID)
    }
    if let before, before.account == wanted { return before }
    let stored = StoredAccount(
      account: wanted, version: (before?.version ?? 0) + 1, createTime: before?.createTime ?? now,
      updateTime: now)
    try save(stored)
    return stored
  }
}

extension MappingAPI.Channel {
  fileprivate init(_ channel: MappingDomain.Channel) {
    self.init(channelID: channel.id.text, displayName: channel.displayName)
  }
}

extension RequestCheck {
  /// A channel's ID, which is in lower case.
  fileprivate mutating func channelID(_ text: String, _ field: String) -> ChannelID {
    let id = identifier(ChannelID.self, text, field)
    if isClean, text != text.lowercased() { refuse(field, "It is not in lower case.") }
    return id
  }
}
