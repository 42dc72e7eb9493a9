internal import MappingAPI
internal import MappingDomain
internal import Primitives

/// An account with what the store keeps beside it.
struct StoredAccount: Sendable {
  var account: MappingDomain.Account
  /// 1 when created, one more with each change: the etag.
  var version: Int64
  var createTime: Timestamp
  var updateTime: Timestamp

  var etag: String { "\(version)" }

  /// As callers see it.
  var message: MappingAPI.Account {
    MappingAPI.Account(
      accountID: account.id.text, channelID: account.channelID.text,
      displayName: account.displayName, externalID: account.externalID, createTime: createTime,
      updateTime: updateTime, etag: etag)
  }
}
