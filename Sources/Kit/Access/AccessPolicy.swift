internal import Foundation

/// Who may call what: a list of grants, each to somebody. What no grant allows is denied.
///
///     {"grants": [
///       {"to": "anyone", "allow": ["grpc.health.v1.Health/*"]},
///       {"identity": "spiffe://onepool/gateway",
///        "allow": ["onepool.pool.v1.PoolService/*", "onepool.pool.v1.PromotionService/*"]},
///       {"token": "operator", "sha256": "9f86…0a08", "allow": ["*"]}
///     ]}
///
/// A token stands there as the SHA-256 of its bytes, in hexadecimal digits. One that is taken out is revoked.
public struct AccessPolicy: Equatable, Sendable {
  /// Whom a grant is for.
  enum Grantee: Equatable, Sendable {
    case anyone
    /// A name in the caller's certificate, whole.
    case identity(String)
    /// Whoever shows a token of this hash.
    case token(name: String, hash: [UInt8])
  }

  /// What a grant allows.
  enum Scope: Hashable, Sendable {
    case everything
    case service(String)
    case method(String)

    /// `*`, `service/*` or `service/method`; nil for anything else.
    init?(_ text: String) {
      if text == "*" {
        self = .everything
        return
      }
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), !parts[0].contains("*") else {
        return nil
      }
      if parts[1] == "*" {
        self = .service(String(parts[0]))
      } else if parts[1].contains("*") {
        return nil
      } else {
        self = .method("/\(text)")
      }
    }
  }

  struct Grant: Equatable, Sendable {
    var grantee: Grantee
    var scopes: Set<Scope>
  }

  /// Why a file is no policy, for its author.
  public struct Failure: Error, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
  }

  static let maximumGrants = 10_000
  let grants: [Grant]

  /// Reads a policy. Whatever is not understood is refused: a slip must not open a door.
  public init(json: [UInt8]) throws(Failure) {
    guard let value = try? JSONSerialization.jsonObject(with: Data(json)),
      let object = value as? [String: Any], Set(object.keys) == ["grants"],
      let list = object["grants"] as? [[String: Any]]
    else { throw Failure("must be {\"grants\": [{…}, …]}") }
    guard list.count <= Self.maximumGrants else {
      throw Failure("has more than \(Self.maximumGrants) grants")
    }
    var grants: [Grant] = []
    for (index, entry) in list.enumerated() { grants.append(try Self.grant(entry, index + 1)) }
    self.grants = grants
  }

  private static func grant(_ entry: [String: Any], _ number: Int) throws(Failure) -> Grant {
    let grantee: Grantee
    switch Set(entry.keys).subtracting(["allow"]) {
    case ["to"]:
      guard entry["to"] as? String == "anyone" else {
        throw Failure("grant \(number): \"to\" must be \"anyone\"")
      }
      grantee = .anyone
    case ["identity"]:
      guard let name = entry["identity"] as? String, !name.isEmpty else {
        throw Failure("grant \(number): \"identity\" must be a name of a certificate")
      }
      grantee = .identity(name)
    case ["token", "sha256"]:
      guard let name = entry["token"] as? String, let digits = entry["sha256"] as? String,
        let hash = Hex.decode(digits), hash.count == SHA256.digestBytes
      else {
        throw Failure("grant \(number): \"token\" must be a name, \"sha256\" 64 hexadecimal digits")
      }
      grantee = .token(name: name, hash: hash)
    default:
      throw Failure(
        "grant \(number): must have \"allow\" and one of \"to\", \"identity\", \"token\" with \"sha256\""
      )
    }
    guard let allow = entry["allow"] as? [String], !allow.isEmpty else {
      throw Failure("grant \(number): \"allow\" must be a list of methods")
    }
    var scopes: Set<Scope> = []
    for text in allow {
      guard let scope = Scope(text) else {
        throw Failure(
          "grant \(number): \"\(text)\" must be \"service/method\", \"service/*\" or \"*\"")
      }
      scopes.insert(scope)
    }
    return Grant(grantee: grantee, scopes: scopes)
  }

  /// What a call comes to.
  enum Verdict: Equatable {
    case allowed
    /// Nothing was shown.
    case unknownCaller
    /// A token was shown that is none of the policy's.
    case unknownToken
    case notGranted
  }

  /// Judges a call.
  ///
  /// - Parameters:
  ///   - token: the hash of the token that was shown.
  ///   - path: `/service/method`.
  /// - Complexity: O(grants). Every token is compared, each in constant time, whether or not one was found before.
  func judge(identity: [String], token: [UInt8]?, service: String, path: String) -> Verdict {
    var isAllowed = false
    var tokenIsKnown = false
    for grant in grants {
      switch grant.grantee {
      case .anyone: break
      case .identity(let name):
        guard identity.contains(name) else { continue }
      case .token(_, let hash):
        guard let token, ConstantTime.equal(token, hash) else { continue }
        tokenIsKnown = true
      }
      if grant.scopes.contains(.everything) || grant.scopes.contains(.service(service))
        || grant.scopes.contains(.method(path))
      {
        isAllowed = true
      }
    }
    if isAllowed { return .allowed }
    if token != nil, !tokenIsKnown { return .unknownToken }
    return identity.isEmpty && token == nil ? .unknownCaller : .notGranted
  }
}
