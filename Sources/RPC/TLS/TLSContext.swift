internal import COpenSSL

/// Owns an SSL_CTX: certificates, key and rules, read from files once. Connections that were made with it keep it.
final class TLSContext: @unchecked Sendable {
  // Sendable: it is not changed after `init`, and OpenSSL counts its references itself; sessions may be made of it on
  // any thread (openssl-threads(7)).

  let pointer: OpaquePointer

  private init(method: OpaquePointer?) throws(TLSError) {
    // Loops use it until the process is gone: what OpenSSL frees at exit would be pulled from under them. It comes first,
    // since the errors' state of a thread, too, would have OpenSSL clean up at exit (crypto/err/err.c).
    OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
    ERR_clear_error()
    guard let pointer = SSL_CTX_new(method) else { throw .library(TLSError.lastProblem()) }
    self.pointer = pointer
    guard onepool_tls_harden(pointer) == 1 else { throw .library(TLSError.lastProblem()) }
  }

  deinit {
    SSL_CTX_free(pointer)
  }

  convenience init(_ configuration: TLSServerConfiguration) throws(TLSError) {
    try self.init(method: TLS_server_method())
    try use(configuration.identity)
    SSL_CTX_set_alpn_select_cb(pointer, Self.selectProtocol, nil)
    switch configuration.callers {
    case .anybody:
      SSL_CTX_set_verify(pointer, SSL_VERIFY_NONE, nil)
    case .known(let authorities):
      try trust(authorities, of: SSL_VERIFY_PEER)
    case .onlyKnown(let authorities):
      try trust(authorities, of: SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)
    }
  }

  convenience init(_ configuration: TLSClientConfiguration) throws(TLSError) {
    try self.init(method: TLS_client_method())
    if let authorities = configuration.authorities {
      try load(authorities)
    } else if SSL_CTX_set_default_verify_paths(pointer) != 1 {
      throw .library(TLSError.lastProblem())
    }
    if let identity = configuration.identity { try use(identity) }
    SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
    // RFC 7301, 3.1: a list of names, each behind its length. A call needs HTTP/2.
    let names: [UInt8] = [2, 0x68, 0x32]
    guard SSL_CTX_set_alpn_protos(pointer, names, UInt32(names.count)) == 0 else {
      throw .library(TLSError.lastProblem())
    }
  }

  private func use(_ identity: TLSIdentity) throws(TLSError) {
    guard SSL_CTX_use_certificate_chain_file(pointer, identity.certificate) == 1 else {
      throw .file(identity.certificate, "holds no certificate: \(TLSError.lastProblem())")
    }
    // Without it OpenSSL asks the terminal for the passphrase of a key that has one.
    SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, _ in 0 }
    guard SSL_CTX_use_PrivateKey_file(pointer, identity.key, SSL_FILETYPE_PEM) == 1 else {
      // X509_R_KEY_VALUES_MISMATCH and its like: the key itself was read.
      if ERR_peek_last_error().isMismatch {
        ERR_clear_error()
        throw .mismatch(certificate: identity.certificate, key: identity.key)
      }
      throw .file(identity.key, "holds no key that can be used: \(TLSError.lastProblem())")
    }
    guard SSL_CTX_check_private_key(pointer) == 1 else {
      ERR_clear_error()
      throw .mismatch(certificate: identity.certificate, key: identity.key)
    }
  }

  private func load(_ authorities: String) throws(TLSError) {
    guard SSL_CTX_load_verify_locations(pointer, authorities, nil) == 1 else {
      throw .file(authorities, "holds no authority: \(TLSError.lastProblem())")
    }
  }

  private func trust(_ authorities: String, of mode: Int32) throws(TLSError) {
    try load(authorities)
    guard let names = SSL_load_client_CA_file(authorities) else {
      throw .file(authorities, "holds no authority: \(TLSError.lastProblem())")
    }
    // The context owns the names from here on.
    SSL_CTX_set_client_CA_list(pointer, names)
    SSL_CTX_set_verify(pointer, mode, nil)
  }

  /// HTTP/2 where the client speaks it, else HTTP/1.1, else the end (RFC 7301, 3.2: no_application_protocol).
  private static let selectProtocol:
    @convention(c) (
      OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
      UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
    ) -> Int32 = { _, chosen, length, offered, count, _ in
      guard let chosen, let length, let offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
      var found: (name: UnsafePointer<UInt8>, length: UInt8)?
      var index = 0
      while index < Int(count) {
        let size = Int(offered[index])
        let name = offered + index + 1
        guard index + 1 + size <= Int(count) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        let text = UnsafeBufferPointer(start: name, count: size)
        if text.elementsEqual("h2".utf8) {
          found = (name, offered[index])
          break
        }
        if text.elementsEqual("http/1.1".utf8) { found = (name, offered[index]) }
        index += 1 + size
      }
      guard let found else { return SSL_TLSEXT_ERR_ALERT_FATAL }
      chosen.pointee = found.name
      length.pointee = found.length
      return SSL_TLSEXT_ERR_OK
    }
}

extension UInt {
  /// Whether an error of OpenSSL's says that a key is another certificate's.
  fileprivate var isMismatch: Bool {
    let reason = onepool_error_reason(self)
    return reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH
  }
}
