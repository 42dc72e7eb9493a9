/// Where a service is called: `pool:7001`, several addresses with commas between them, or a name whose addresses are
/// looked up as gRPC writes it, `dns:///pool:7001`.
public struct PeerTarget: Hashable, Sendable, CustomStringConvertible {
  public static let maximumAddresses = 16
  static let allowed =
    "host:port, up to \(maximumAddresses) of them with commas between, or dns:///host:port"
  private static let dns = "dns:///"

  public let addresses: [HostPort]

  /// Nil unless `text` is one of the forms, each address with a port from 1 and none of them twice.
  public init?(_ text: String) {
    let isName = text.hasPrefix(Self.dns)
    let list = isName ? text.dropFirst(Self.dns.count) : text[...]
    var addresses: [HostPort] = []
    for part in list.split(separator: ",", omittingEmptySubsequences: false) {
      guard let address = HostPort(String(part.drop { $0 == " " })), address.port > 0,
        !addresses.contains(address)
      else { return nil }
      addresses.append(address)
    }
    guard addresses.count <= (isName ? 1 : Self.maximumAddresses) else { return nil }
    self.addresses = addresses
  }

  /// As a client's transport takes it.
  public var description: String { addresses.map(\.description).joined(separator: ",") }
}

extension Setting where Value == PeerTarget {
  public static func peer(_ name: String, _ about: String, default text: String) -> Setting {
    Setting(name, about, default: text, allowed: PeerTarget.allowed) { PeerTarget($0) }
  }
}

/// How calls are shared out among a peer's addresses, by gRPC's names.
public enum Balancing: String, CaseIterable, Sendable {
  /// The first that can be reached.
  case pickFirst = "pick_first"
  /// All that serve, as their health services say, one after another.
  case roundRobin = "round_robin"
}
