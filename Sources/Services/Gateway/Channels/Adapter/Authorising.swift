/// A channel whose merchants let an app in on the channel's own pages, and are sent back with a code.
public protocol Authorising: ChannelAdapter {
  /// Names of the app's credentials without which no code can be traded.
  var appCredentials: [String] { get }
  /// The page to send the merchant to, who is to come back to `redirectURL` with `state`.
  func authorisationURL(
    redirectURL: String, state: String, api: ChannelAPI
  ) throws(ChannelError) -> String
  /// Trades a code, which is good once, for what opens the shop. The account's `externalID` is empty when it is not known
  /// yet; an authorisation of another shop is refused.
  func exchange(
    _ grant: AuthorisationGrant, api: ChannelAPI
  ) async throws(ChannelError) -> AuthorisedShop
}

/// What a merchant came back with.
public struct AuthorisationGrant: Sendable, Equatable {
  public var code: String
  /// As it was when the merchant was sent off: some channels compare it.
  public var redirectURL: String
  /// The query that the merchant came back with, decoded; empty when somebody has copied the code.
  public var parameters: [String: String]

  public init(code: String, redirectURL: String, parameters: [String: String] = [:]) {
    self.code = code
    self.redirectURL = redirectURL
    self.parameters = parameters
  }
}

/// What an authorisation opens.
public struct AuthorisedShop: Sendable, Equatable {
  /// The shop's own ID on the channel.
  public var externalID: String
  /// The credentials that are new.
  public var credentials: [String: String]

  public init(externalID: String, credentials: [String: String]) {
    self.externalID = externalID
    self.credentials = credentials
  }

  /// The shop that is wanted, or the only one, out of those that an authorisation opens.
  ///
  /// - Throws: `ChannelError.unauthorised` when it opens others, or several and none is wanted.
  public static func chosen(
    of shops: [String], wanted: String
  ) throws(ChannelError) -> String {
    if wanted.isEmpty, shops.count == 1 { return shops[0] }
    guard !wanted.isEmpty, shops.contains(wanted) else {
      let names = shops.isEmpty ? "no shop" : shops.joined(separator: ", ")
      throw .unauthorised(
        wanted.isEmpty
          ? "the authorisation is of several shops, say of which: \(names)"
          : "the authorisation is not of this shop but of: \(names)")
    }
    return wanted
  }
}
