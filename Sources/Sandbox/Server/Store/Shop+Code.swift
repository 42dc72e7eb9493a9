internal import Kit
internal import Primitives
internal import RPCCore
internal import StorageCore

extension Shop {
  /// A code that is under way and when it ends, in Unix seconds; the control API may set both.
  static let codeName = "authorisation_code"
  static let codeEndName = "authorisation_code_end"

  /// A code for whoever the seller has let in: good once, and for so many seconds.
  mutating func issueCode(now: Timestamp, seconds: Int64) -> String {
    let code = Hex.encode(SecureRandom.bytes(16))
    secrets[Self.codeName] = code
    secrets[Self.codeEndName] = String((now + .seconds(seconds)).seconds)
    return code
  }

  func hasCode(_ code: String?, at now: Timestamp) -> Bool {
    guard let code, !code.isEmpty, let end = Int64(secret(Self.codeEndName)) else { return false }
    return code == secret(Self.codeName) && now.seconds < end
  }

  mutating func useCode() {
    secrets[Self.codeName] = nil
    secrets[Self.codeEndName] = nil
  }
}

/// A platform's page on which a seller lets an app in. The sandbox's seller always says yes, at once.
enum AuthorisationPage {
  /// Sends the seller back to `redirect` with a code and what else the platform sends along.
  ///
  /// - Parameter seconds: how long the code is good.
  static func agree(
    _ shop: Shop?, redirect: String?, seconds: Int64, _ more: [(name: String, value: String)],
    _ platform: Platform
  ) async -> HTTPResponse {
    guard let shop, let redirect, redirect.hasPrefix("http") else {
      return .text(400, "The app, the shop or the redirect is not known.\n")
    }
    let now = platform.clock.now()
    let code = try? await platform.change { market -> String in
      var shop = shop
      let code = shop.issueCode(now: now, seconds: seconds)
      try market.transaction.save(shop)
      return code
    }
    guard let code else { return .text(500, "The platform has a problem.\n") }
    let query = FormFields.encoded([("code", code)] + more)
    let joint = redirect.contains("?") ? "&" : "?"
    return HTTPResponse(status: 302, headers: [("location", "\(redirect)\(joint)\(query)")])
  }
}
