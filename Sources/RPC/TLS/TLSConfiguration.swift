/// A certificate and its key, as PEM files; the certificate's file has those above it behind it.
public struct TLSIdentity: Hashable, Sendable {
  public var certificate: String
  public var key: String

  public init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }
}

/// How a server speaks TLS.
public struct TLSServerConfiguration: Hashable, Sendable {
  /// What callers must show.
  public enum Callers: Hashable, Sendable {
    case anybody
    /// A certificate that is shown must be of an authority in this file; none need be shown.
    case known(authorities: String)
    /// A certificate of an authority in this file must be shown.
    case onlyKnown(authorities: String)
  }

  public var identity: TLSIdentity
  public var callers: Callers

  public init(identity: TLSIdentity, callers: Callers = .anybody) {
    self.identity = identity
    self.callers = callers
  }

  var files: [String] {
    switch callers {
    case .anybody: [identity.certificate, identity.key]
    case .known(let authorities), .onlyKnown(let authorities):
      [identity.certificate, identity.key, authorities]
    }
  }
}

/// How a client speaks TLS. The server's chain and name are always checked.
public struct TLSClientConfiguration: Hashable, Sendable {
  /// A PEM file of the authorities that the server's certificate may be of. Nil: the system's.
  public var authorities: String?
  /// What the client shows when the server asks.
  public var identity: TLSIdentity?
  /// The name that the server's certificate must be for. Nil: the target's host.
  public var serverName: String?

  public init(
    authorities: String? = nil, identity: TLSIdentity? = nil, serverName: String? = nil
  ) {
    self.authorities = authorities
    self.identity = identity
    self.serverName = serverName
  }

  var files: [String] {
    [authorities, identity?.certificate, identity?.key].compactMap { $0 }
  }
}
