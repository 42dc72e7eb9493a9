/// Who may import what. The longest folder that a file lies in decides; a folder without a row has none.
///
/// C libraries have one owner each, a service sees another's API and never its code, and the domains know
/// nothing but the primitives.
enum LayerRules {
  private static let system: Set<String> = ["Foundation", "Glibc", "Dispatch", "Synchronization"]
  private static let floor: Set<String> = ["Glibc", "Synchronization"]
  private static let serving: Set<String> =
    system.union(["Primitives", "Protobuf", "RPCCore", "StorageCore", "StorageSQLite", "Kit"])
  private static let adapting: Set<String> = ["Foundation", "Primitives", "RPCCore", "Kit"]
  private static let apis: Set<String> = [
    "PoolAPI", "MappingAPI", "FulfilmentAPI", "ReturnsAPI", "GatewayAPI",
  ]
  static let channels = [
    "Shopee", "Lazada", "Shopify", "WooCommerce", "TikTokShop", "PointOfSale", "Square", "Loyverse",
  ]
  /// A service, and whose APIs it sees beside its own.
  static let services: [(name: String, calls: [String])] = [
    ("Pool", []),
    ("Mapping", []),
    ("Fulfilment", ["Pool", "Mapping"]),
    ("Returns", ["Pool", "Fulfilment"]),
    ("Gateway", ["Pool", "Mapping", "Fulfilment", "Returns"]),
  ]

  static let table: [String: Set<String>] = {
    var table: [String: Set<String>] = [
      "Sources/C": [],
      "Sources/Primitives": floor.union(["CLinux"]),
      "Sources/Protobuf": floor.union(["Primitives", "CProtobufC", "CMessages"]),
      "Sources/RPC/Core": floor.union(["Foundation", "Primitives", "Protobuf", "CZlib"]),
      "Sources/RPC/Core/Generated": ["Primitives", "Protobuf", "CMessages"],
      "Sources/RPC/HTTP1": system.union(["Primitives", "RPCCore", "CMicroHTTPD", "CLinux"]),
      "Sources/RPC/HTTP2": system.union([
        "Primitives", "RPCCore", "RPCHTTP1", "RPCTLS", "CNghttp2", "CLinux",
      ]),
      "Sources/RPC/TLS": floor.union(["Primitives", "COpenSSL"]),
      "Sources/RPC/InProcess": floor.union(["Primitives", "RPCCore"]),
      "Sources/HTTPClient": floor.union(["CCurl", "CLinux"]),
      "Sources/Storage/Core": floor.union(["Primitives"]),
      "Sources/Storage/SQLite": system.union(["Primitives", "StorageCore", "CSQLite"]),
      "Sources/Kit": system.union([
        "Primitives", "Protobuf", "RPCCore", "RPCHTTP2", "RPCTLS", "StorageCore", "CLinux",
      ]),
      "Sources/Kit/Cryptography": system.union(["COpenSSL"]),
      "Sources/Codegen/Core": ["Foundation", "Protobuf", "CProtobufC", "CDescriptors"],
      "Sources/Codegen/Plugin": ["Foundation", "Glibc", "CodegenCore"],
      "Sources/Sandbox/Server": serving.subtracting(["Protobuf"])
        .union(["HTTPClient", "FoundationXML"]),
      "Sources/Sandbox/Main": ["SandboxServer", "Kit"],
      "Sources/CommandLine": system.union(apis).union([
        "HTTPClient", "Primitives", "Protobuf", "RPCCore", "RPCHTTP2", "RPCTLS", "Kit",
      ]),
      "Sources/Services/Gateway/Channels/Adapter": adapting,
    ]
    for (name, calls) in services {
      let base = "Sources/Services/\(name)"
      table["\(base)/API"] = ["Primitives", "Protobuf", "RPCCore"]
      table["\(base)/API/Generated"] = ["Primitives", "Protobuf", "RPCCore", "CMessages"]
      table["\(base)/Domain"] = ["Primitives"]
      table["\(base)/Service"] = serving.union(["\(name)Domain"])
        .union(([name] + calls).map { "\($0)API" })
      table["\(base)/Main"] = ["\(name)Service", "Primitives", "Kit"]
    }
    // The gateway reaches out to channels, and answers our own tills sale by sale.
    table["Sources/Services/Gateway/Service"]?.formUnion([
      "ChannelAdapter", "PointOfSaleChannel", "HTTPClient",
    ])
    table["Sources/Services/Gateway/Main"]?.insert("ChannelRegistry")
    table["Sources/Services/Gateway/Channels/Registry"] =
      Set(channels.map { "\($0)Channel" }).union(["ChannelAdapter"])
    for channel in channels {
      table["Sources/Services/Gateway/Channels/\(channel)"] = adapting.union(["ChannelAdapter"])
    }
    return table
  }()

  /// What `path` may import; nil when no row speaks of it.
  static func allowed(_ path: String) -> Set<String>? {
    var parts = path.split(separator: "/").dropLast()
    while !parts.isEmpty {
      if let row = table[parts.joined(separator: "/")] { return row }
      parts.removeLast()
    }
    return nil
  }

  static func check(_ file: SourceFile) -> [Violation] {
    file.path.hasPrefix("Sources/") ? checkSource(file) : checkTest(file)
  }

  private static func checkSource(_ file: SourceFile) -> [Violation] {
    guard let allowed = allowed(file.path) else {
      return [file.violation(0, "this folder has no row in Tests/Tidy/LayerRules.swift")]
    }
    var found: [Violation] = []
    for (index, code) in file.code.enumerated() {
      guard let line = Import(code) else { continue }
      if !allowed.contains(line.module) {
        found.append(file.violation(index, "\(file.folder) may not import \(line.module)"))
      }
      if line.access != "public", line.access != "internal" {
        found.append(file.violation(index, "an import says public or internal"))
      }
      if line.access == "public", isC(line.module) {
        found.append(file.violation(index, "no C type crosses a target's public face"))
      }
    }
    return found
  }

  /// `CSQLite` is C; `Codegen` and `ChannelAdapter` are not.
  private static func isC(_ module: String) -> Bool {
    let start = module.prefix(2)
    return start.count == 2 && start.first == "C" && start.last?.isUppercase == true
  }

  /// A service's tests see that service's rooms and the others' APIs, as the service does.
  private static func checkTest(_ file: SourceFile) -> [Violation] {
    let parts = file.path.split(separator: "/").map(String.init)
    guard parts.count > 3, parts[1] == "Services" else { return [] }
    let foreign = services.map(\.name).filter { $0 != parts[2] }
      .flatMap { ["\($0)Domain", "\($0)Service", "\($0)Main"] }
    var found: [Violation] = []
    for (index, code) in file.code.enumerated() {
      guard let line = Import(code), foreign.contains(line.module) else { continue }
      found.append(file.violation(index, "tests of \(parts[2]) may not import \(line.module)"))
    }
    return found
  }
}
