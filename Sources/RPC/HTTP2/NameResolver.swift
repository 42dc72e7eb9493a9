/// Looks up the addresses of names. It blocks: never on a loop.
package struct NameResolver: Sendable {
  /// What stands for the system's, as a test wants it: numeric addresses with their ports, none for an unknown name.
  private let own: (@Sendable (_ name: String) -> [String])?

  /// The system's: `getaddrinfo(3)`.
  package init() { own = nil }

  package init(_ own: @escaping @Sendable (_ name: String) -> [String]) { self.own = own }

  /// Every address of a name, in the resolver's order.
  func addresses(of target: HostPort) -> [SocketAddress] {
    guard let own else { return SocketAddress.resolve(target, passive: false) }
    return own(target.host).compactMap { text in
      (try? HostPort(text)).flatMap { SocketAddress.numeric($0) }
    }
  }
}
