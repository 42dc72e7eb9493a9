internal import COpenSSL

/// Owns an SSL over memory: ciphertext that came is put in, ciphertext to send is taken out. Used by one thread at a
/// time; it reads and writes no socket.
///
///     handshaking ──▶ open ──▶ ended
public final class TLSSession {
  /// How far the handshake is.
  public enum Handshake: Equatable {
    case finished
    /// The peer must speak first; what is to be sent must be sent.
    case waiting
    /// It has failed; an alert may be to be sent.
    case failed(String)
  }

  /// What reading gives.
  public enum Input: Equatable {
    /// This many bytes of plaintext.
    case bytes(Int)
    /// None before more ciphertext comes.
    case waiting
    /// The peer has said that it sends no more.
    case ended
    case failed(String)
  }

  /// What is best fed or written at once, in bytes: a record is 16 KiB at most (RFC 8446, 5.1), and OpenSSL's memory
  /// keeps the size that it has grown to.
  public static let pieceBytes = 16 << 10

  private let ssl: OpaquePointer
  /// Owned by `ssl`.
  private let incoming: OpaquePointer
  private let outgoing: OpaquePointer

  init(_ context: TLSContext, serverName: String?) throws(TLSError) {
    ERR_clear_error()
    // A session keeps its context alive (SSL_new(3)).
    guard let ssl = SSL_new(context.pointer) else { throw .library(TLSError.lastProblem()) }
    guard let incoming = onepool_bio_new(), let outgoing = onepool_bio_new() else {
      preconditionFailure("out of memory")
    }
    self.ssl = ssl
    self.incoming = incoming
    self.outgoing = outgoing
    SSL_set_bio(ssl, incoming, outgoing)
    guard let serverName else {
      SSL_set_accept_state(ssl)
      return
    }
    SSL_set_connect_state(ssl)
    guard expect(serverName) else { throw .name(serverName) }
  }

  deinit {
    SSL_free(ssl)
  }

  /// Asks for a server and checks that it is that one: by its name, or by its address (RFC 6125, RFC 9110, 4.3.5).
  private func expect(_ name: String) -> Bool {
    guard !name.isEmpty, !name.utf8.contains(0) else { return false }
    let parameters = SSL_get0_param(ssl)
    if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 { return true }
    ERR_clear_error()
    X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
    return SSL_set1_host(ssl, name) == 1 && onepool_tls_ask_for(ssl, name) == 1
  }

  // MARK: - Ciphertext

  /// Puts in what came from the peer.
  public func feed(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
    let count = BIO_write(incoming, base, Int32(bytes.count))
    precondition(count == bytes.count, "memory takes all that is written (BIO_s_mem(3))")
  }

  /// Lends what is to be sent to the peer, once; nothing is lent when there is nothing.
  public func takeOutput(_ body: (UnsafeRawBufferPointer) -> Void) {
    var bytes: UnsafePointer<UInt8>?
    let count = onepool_bio_bytes(outgoing, &bytes)
    guard count > 0, let bytes else { return }
    body(UnsafeRawBufferPointer(start: bytes, count: count))
    onepool_bio_clear(outgoing)
  }

  // MARK: - The handshake

  /// Goes on with the handshake as far as the bytes that came allow.
  public func handshake() -> Handshake {
    ERR_clear_error()
    let result = SSL_do_handshake(ssl)
    if result == 1 { return .finished }
    return SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ ? .waiting : .failed(problem())
  }

  /// What both sides have agreed to speak (RFC 7301): `h2`, `http/1.1`; nil when the client has not said.
  public var applicationProtocol: String? {
    var bytes: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(ssl, &bytes, &count)
    guard let bytes, count > 0 else { return nil }
    return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
  }

  /// The names in the peer's certificate that was checked: its URIs, then its DNS names. Empty when it has shown none.
  public func peerIdentity() -> [String] {
    guard SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0,
      SSL_get_verify_result(ssl) == Int(X509_V_OK),
      let certificate = SSL_get1_peer_certificate(ssl)
    else { return [] }
    defer { X509_free(certificate) }
    guard let names = onepool_alternative_names(certificate) else { return [] }
    defer { GENERAL_NAMES_free(names) }
    var found: [String] = []
    for type in [GEN_URI, GEN_DNS] {
      for index in 0..<onepool_name_count(names) {
        var length: Int32 = 0
        guard let text = onepool_name(names, index, type, &length), length > 0 else { continue }
        let bytes = UnsafeBufferPointer(start: text, count: Int(length))
        // IA5String is ASCII; anything else, and a NUL, is there to be mistaken for another name.
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { continue }
        found.append(String(decoding: bytes, as: UTF8.self))
      }
    }
    return found
  }

  /// Whether the peer has shown a certificate that is refused.
  public var refusesPeer: Bool { SSL_get_verify_result(ssl) != Int(X509_V_OK) }

  // MARK: - Plaintext

  /// Takes plaintext out, as much as fits.
  public func read(into buffer: UnsafeMutableRawBufferPointer) -> Input {
    ERR_clear_error()
    let count = SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
    if count > 0 { return .bytes(Int(count)) }
    switch SSL_get_error(ssl, count) {
    case SSL_ERROR_WANT_READ: return .waiting
    case SSL_ERROR_ZERO_RETURN: return .ended
    default: return .failed(problem())
    }
  }

  /// Puts plaintext in; false when the session is over.
  public func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes
    ERR_clear_error()
    while !rest.isEmpty {
      // Memory has room for everything, and without renegotiation nothing else is waited for.
      let count = SSL_write(ssl, rest.baseAddress, Int32(clamping: rest.count))
      guard count > 0 else { return false }
      rest = UnsafeRawBufferPointer(rebasing: rest[Int(count)...])
    }
    return true
  }

  /// Says that no more is sent (RFC 8446, 6.1).
  public func end() {
    ERR_clear_error()
    _ = SSL_shutdown(ssl)
    ERR_clear_error()
  }

  private func problem() -> String {
    guard !refusesPeer else {
      ERR_clear_error()
      let text = String(cString: X509_verify_cert_error_string(SSL_get_verify_result(ssl)))
      return "the peer's certificate is refused: \(text)"
    }
    return TLSError.lastProblem()
  }
}
