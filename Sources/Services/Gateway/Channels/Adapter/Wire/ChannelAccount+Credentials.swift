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
  /// The name under which an adapter hands back when the refresh token or the merchant's authorisation ends, after which only
  /// the merchant can let us in again: Unix seconds.
  public static let authorisationEndName = "authorisation_expires_at"
  /// The name of the code that `ConnectAccount` trades for tokens; it is never stored.
  public static let authorisationCodeName = "auth_code"
  /// The name that every channel's refresh token has.
  public static let refreshTokenName = "refresh_token"
}
