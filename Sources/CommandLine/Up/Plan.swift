internal import Foundation
internal import Kit

/// Which programs `up` starts, where they listen and with which settings.
struct Plan: Sendable {
  struct Service: Sendable {
    var name: String
    var address: String
    var program: String { "onepool-\(name)" }
    var url: String { "http://\(address)" }

    /// A service is asked for its health by its own name, which no other program knows; the sandbox, which has no RPC, for
    /// its platforms.
    var readyPath: String {
      name == "sandbox" ? "/control/faults" : "/grpc.health.v1.Health/Check"
    }
    var readyBody: String? {
      name == "sandbox"
        ? nil : #"{"service":"onepool.\#(name).v1.\#(name.capitalized)Service"}"#
    }
    var readyMark: String { name == "sandbox" ? #""shopee""# : #""SERVING""# }
  }

  var services: [Service]
  var data: String
  /// Where the programs are: beside this one.
  var folder: String
  var environment: [String: String]

  /// - Parameters:
  ///   - data: empty for what `ONEPOOL_DATA` says, as for each of the services.
  ///   - base: 0 for the ordinary ports (7001 to 7004, 8080, 8090), else the first of six in a row.
  init(
    data: String, base: Int,
    environment inherited: [String: String] = ProcessInfo.processInfo.environment
  ) {
    let names = Peers.names + ["sandbox"]
    let ports = base == 0 ? [7001, 7002, 7003, 7004, 8080, 8090] : Array(base..<(base + 6))
    services = zip(names, ports).map { Service(name: $0, address: "127.0.0.1:\($1)") }
    let named = [data, inherited["ONEPOOL_DATA"] ?? ""].first { !$0.isEmpty }
    self.data = named ?? "var"
    folder =
      URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().path
    environment = inherited
    environment["ONEPOOL_DATA"] = self.data
    // What is started here talks among itself on loopback.
    for name in CommonSettings.securityNames { environment[name] = nil }
    for service in services where service.name != "sandbox" {
      environment["ONEPOOL_\(service.name.uppercased())"] = service.address
    }
  }

  func address(_ name: String) -> String { services.first { $0.name == name }?.address ?? "" }
  func url(_ name: String) -> String { "http://\(address(name))" }

  func peers() throws -> Peers {
    let pairs = services.map { ($0.name, $0.address) }
    return try Peers(addresses: Dictionary(uniqueKeysWithValues: pairs))
  }
}
