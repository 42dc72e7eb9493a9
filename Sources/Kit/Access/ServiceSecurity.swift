internal import Primitives
internal import RPCTLS

/// What a service is secured with, as its settings say: TLS of its own port, TLS of its calls to others, and the policy.
/// All of it follows its files.
struct ServiceSecurity: Sendable {
  /// For its own port; nil for plaintext.
  let server: TLSCredentials?
  /// For its calls; nil for plaintext.
  let client: TLSCredentials?
  let policy: PolicyAuthorizer?
  let trustsNetwork: Bool

  /// Reads the files that the settings name.
  ///
  /// - Throws: one line that names the setting that is wrong.
  init(_ settings: Settings) throws(Settings.Exit) {
    let identity = try Self.identity(settings)
    trustsNetwork = settings[CommonSettings.trustedNetwork]
    policy = try Self.policy(settings)
    let authorities = settings[CommonSettings.tlsClientCA]
    if authorities != nil, identity == nil {
      throw settings.refusal(
        "\(CommonSettings.tlsClientCA.name) is set without \(CommonSettings.tlsCertificate.name): "
          + "callers show certificates over TLS only")
    }
    let callers = Self.callers(authorities, hasPolicy: policy != nil)
    do throws(TLSError) {
      if let identity {
        server = try TLSCredentials(
          server: TLSServerConfiguration(identity: identity, callers: callers))
      } else {
        server = nil
      }
      if let trusted = settings[CommonSettings.tlsCA] {
        client = try TLSCredentials(
          client: TLSClientConfiguration(authorities: trusted, identity: identity))
      } else {
        client = nil
      }
    } catch {
      throw Self.refusal(settings, error)
    }
  }

  /// A policy denies those who show nothing by itself; without one, the certificate is what lets a caller in.
  private static func callers(
    _ authorities: String?, hasPolicy: Bool
  ) -> TLSServerConfiguration.Callers {
    guard let authorities else { return .anybody }
    return hasPolicy ? .known(authorities: authorities) : .onlyKnown(authorities: authorities)
  }

  private static func identity(_ settings: Settings) throws(Settings.Exit) -> TLSIdentity? {
    let names = (CommonSettings.tlsCertificate.name, CommonSettings.tlsKey.name)
    switch (settings[CommonSettings.tlsCertificate], settings[CommonSettings.tlsKey]) {
    case (nil, nil): return nil
    case (let certificate?, let key?): return TLSIdentity(certificate: certificate, key: key)
    case (_, nil): throw settings.refusal("\(names.0) is set without \(names.1): set both")
    case (nil, _): throw settings.refusal("\(names.1) is set without \(names.0): set both")
    }
  }

  private static func policy(_ settings: Settings) throws(Settings.Exit) -> PolicyAuthorizer? {
    guard let path = settings[CommonSettings.accessPolicy] else { return nil }
    do throws(AccessPolicy.Failure) {
      return try PolicyAuthorizer(path: path)
    } catch {
      throw settings.refusal("\(CommonSettings.accessPolicy.name) is \"\(path)\": \(error)")
    }
  }

  /// Says which setting names the file that is wrong.
  private static func refusal(_ settings: Settings, _ error: TLSError) -> Settings.Exit {
    if case .file(let path, let problem) = error {
      let files = [
        CommonSettings.tlsCertificate, CommonSettings.tlsKey, CommonSettings.tlsClientCA,
        CommonSettings.tlsCA,
      ]
      if let setting = files.first(where: { settings[$0] == path }) {
        return settings.refusal("\(setting.name) is \"\(path)\": the file \(problem)")
      }
    }
    return settings.refusal("\(CommonSettings.tlsCertificate.name): \(error)")
  }

  // MARK: - Files that change

  var hasFiles: Bool { server != nil || client != nil || policy != nil }

  /// Takes over what has changed in the files. What cannot be used is logged once, and what was there before goes on.
  func follow(_ log: Log) {
    follow(log, "certificates for callers") { try server?.reloadIfChanged() }
    follow(log, "certificates for calls") { try client?.reloadIfChanged() }
    follow(log, "the access policy") { try policy?.reloadIfChanged() }
  }

  private func follow(_ log: Log, _ what: String, _ reload: () throws -> Bool?) {
    do {
      if try reload() == true { log.info("read anew", ["what": what]) }
    } catch {
      log.error("cannot be used and is left as it was", ["what": what, "error": "\(error)"])
    }
  }
}
