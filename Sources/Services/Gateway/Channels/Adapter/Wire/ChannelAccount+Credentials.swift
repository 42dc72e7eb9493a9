extension ChannelAccount {
  /// A secret of the account.
  ///
  /// - Throws: `ChannelError.unauthorised` when the account has none: somebody must enter it.
  public func credential(_ name: String) throws(ChannelError) -> String {
    guard let value = credentials[name], !value.isEmpty else {
      throw .unauthorised("account \(accountID) has no \(name)")
    }
    return value
  }

  /// The name under which an adapter hands back when an access token ends: Unix seconds.
  public static let accessTokenEndName = "access_token_expires_at"
}
