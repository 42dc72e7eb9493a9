// swift-tools-version: 6.1
// OnePool stands on Debian's C libraries and Foundation alone: this file names no package.
import PackageDescription

/// A C library that Debian ships: a module map and a header, no code of ours.
func library(_ name: String, _ folder: String, pkgConfig: String?, apt: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/C/\(folder)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// Release builds see through the modules: what is generic in one is made for another's types, as within one. That no two
/// accesses to an object overlap is checked by debug builds, in which the tests run; the checks cost 5 % of a call.
let release: [SwiftSetting] = [
  .unsafeFlags(
    ["-cross-module-optimization", "-enforce-exclusivity=unchecked"],
    .when(configuration: .release))
]

func module(_ name: String, _ folder: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(folder)", swiftSettings: release)
}

/// What one thread allocates and another frees, as a command goes from an event loop to the writer and back, costs a
/// durable sale a fifth less than with the C library's allocator.
let allocator: [LinkerSetting] = [.linkedLibrary("mimalloc", .when(configuration: .release))]

func program(_ name: String, _ folder: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Sources/\(folder)", linkerSettings: allocator)
}

func tests(_ name: String, _ folder: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(folder)")
}

let libraries: [Target] = [
  library("CNghttp2", "Nghttp2", pkgConfig: "libnghttp2", apt: "libnghttp2-dev"),
  library("CProtobufC", "ProtobufC", pkgConfig: "libprotobuf-c", apt: "libprotobuf-c-dev"),
  library("CMicroHTTPD", "MicroHTTPD", pkgConfig: "libmicrohttpd", apt: "libmicrohttpd-dev"),
  library("COpenSSL", "OpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
  library("CZlib", "Zlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
  library("CSQLite", "SQLite", pkgConfig: "sqlite3", apt: "libsqlite3-dev"),
  library("CCurl", "Curl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
  library("CLinux", "Linux", pkgConfig: nil, apt: "libc6-dev"),
  .target(name: "CMessages", dependencies: ["CProtobufC"], path: "Sources/C/Messages"),
  .target(name: "CDescriptors", dependencies: ["CProtobufC"], path: "Sources/C/Descriptors"),
]

let foundations: [Target] = [
  module("Primitives", "Primitives", ["CLinux"]),
  module("Protobuf", "Protobuf", ["Primitives", "CProtobufC", "CMessages"]),
  module("RPCCore", "RPC/Core", ["Primitives", "Protobuf", "CMessages", "CZlib"]),
  module("RPCHTTP1", "RPC/HTTP1", ["Primitives", "RPCCore", "CMicroHTTPD"]),
  module("RPCTLS", "RPC/TLS", ["Primitives", "COpenSSL"]),
  module(
    "RPCHTTP2", "RPC/HTTP2", ["RPCCore", "RPCHTTP1", "RPCTLS", "CNghttp2", "CLinux"]),
  module("HTTPClient", "HTTPClient", ["CCurl", "CLinux"]),
  module("RPCInProcess", "RPC/InProcess", ["RPCCore"]),
  module("StorageCore", "Storage/Core", ["Primitives"]),
  module("StorageSQLite", "Storage/SQLite", ["Primitives", "StorageCore", "CSQLite"]),
  module(
    "Kit", "Kit",
    [
      "Primitives", "Protobuf", "RPCCore", "RPCHTTP2", "RPCTLS", "StorageCore", "COpenSSL",
      "CLinux",
    ]),
]

/// The four rooms of a service: what it says, what it decides, how it serves, how it starts.
func service(
  _ name: String, calls others: [String] = [], with extra: [Target.Dependency] = [],
  main: [Target.Dependency] = []
) -> [Target] {
  let apis = ([name] + others).map { Target.Dependency.target(name: "\($0)API") }
  return [
    module(
      "\(name)API", "Services/\(name)/API", ["Primitives", "Protobuf", "RPCCore", "CMessages"]),
    module("\(name)Domain", "Services/\(name)/Domain", ["Primitives"]),
    module(
      "\(name)Service", "Services/\(name)/Service",
      apis + [.target(name: "\(name)Domain")] + extra
        + ["Primitives", "Protobuf", "RPCCore", "StorageCore", "StorageSQLite", "Kit"]),
    program(
      "\(name)Main", "Services/\(name)/Main",
      [.target(name: "\(name)Service"), "Primitives", "Kit"] + main),
  ]
}

/// One folder a channel, none of which knows another.
let adapter: Target.Dependency = "ChannelAdapter"
let channels = [
  "Shopee", "Lazada", "Shopify", "WooCommerce", "TikTokShop", "PointOfSale", "Square", "Loyverse",
]
let channelTargets: [Target.Dependency] = channels.map { .target(name: "\($0)Channel") }
let channelModules =
  [module("ChannelAdapter", "Services/Gateway/Channels/Adapter", ["Primitives", "RPCCore", "Kit"])]
  + channels.map {
    module(
      "\($0)Channel", "Services/Gateway/Channels/\($0)", [adapter, "Primitives", "RPCCore", "Kit"])
  }
  + [
    module("ChannelRegistry", "Services/Gateway/Channels/Registry", [adapter] + channelTargets)
  ]

let services: [Target] =
  service("Pool")
  + service("Mapping")
  + service("Fulfilment", calls: ["Pool", "Mapping"])
  + service("Returns", calls: ["Pool", "Fulfilment"])
  + channelModules
  + service(
    "Gateway", calls: ["Pool", "Mapping", "Fulfilment", "Returns"],
    with: [adapter, "PointOfSaleChannel", "HTTPClient"], main: ["ChannelRegistry"])

let apis: [Target.Dependency] = [
  "PoolAPI", "MappingAPI", "FulfilmentAPI", "ReturnsAPI", "GatewayAPI",
]

let tools: [Target] = [
  module("CodegenCore", "Codegen/Core", ["Protobuf", "CProtobufC", "CDescriptors"]),
  program("CodegenPlugin", "Codegen/Plugin", ["CodegenCore"]),
  module(
    "SandboxServer", "Sandbox/Server",
    ["Primitives", "RPCCore", "StorageCore", "StorageSQLite", "Kit", "HTTPClient"]),
  program("SandboxMain", "Sandbox/Main", ["SandboxServer", "Kit"]),
  program(
    "CommandLineMain", "CommandLine",
    ["Primitives", "Protobuf", "RPCCore", "RPCHTTP2", "RPCTLS", "Kit", "HTTPClient"] + apis),
]

let testing: [Target] = [
  .target(
    name: "CFixtures", dependencies: ["CProtobufC", "CMessages"],
    path: "Tests/Fixtures/C/Fixtures"),
  .target(
    name: "FixtureAPI", dependencies: ["Primitives", "Protobuf", "RPCCore", "CFixtures"],
    path: "Tests/Fixtures/API"),
  // gRPC's own test service, both sides: what any other implementation of gRPC can be set against.
  .target(
    name: "InteropAPI", dependencies: ["Primitives", "Protobuf", "RPCCore", "CFixtures"],
    path: "Tests/Interop/API"),
  .executableTarget(
    name: "InteropServer",
    dependencies: ["InteropAPI", "Primitives", "RPCCore", "RPCHTTP2", "RPCTLS", "Kit"],
    path: "Tests/Interop/Server", linkerSettings: allocator),
  .executableTarget(
    name: "InteropClient",
    dependencies: ["InteropAPI", "Primitives", "RPCCore", "RPCHTTP2", "RPCTLS"],
    path: "Tests/Interop/Client", linkerSettings: allocator),
  tests("TidyTests", "Tidy", []),
  tests("HTTPClientTests", "HTTPClient", ["HTTPClient", "RPCCore", "RPCHTTP2", "Primitives"]),
  tests("PrimitivesTests", "Primitives", ["Primitives"]),
  tests(
    "ProtobufTests", "Protobuf",
    ["Primitives", "Protobuf", "RPCCore", "PoolAPI", "CodegenCore", "FixtureAPI"]),
  tests(
    "RPCTests", "RPC",
    [
      "Kit", "RPCCore", "RPCHTTP1", "RPCHTTP2", "RPCTLS", "RPCInProcess", "Protobuf", "PoolAPI",
      "CLinux", "CNghttp2",
    ]),
  tests("StorageTests", "Storage", ["StorageCore", "StorageSQLite", "Primitives"]),
  tests(
    "KitTests", "Kit",
    ["Kit", "Protobuf", "RPCCore", "RPCHTTP2", "StorageCore", "StorageSQLite", "Primitives"]),
  tests(
    "PoolTests", "Services/Pool",
    ["PoolAPI", "PoolDomain", "PoolService", "RPCInProcess", "StorageSQLite", "Kit"]),
  tests(
    "MappingTests", "Services/Mapping",
    ["MappingAPI", "MappingDomain", "MappingService", "RPCInProcess", "StorageSQLite", "Kit"]),
  tests(
    "FulfilmentTests", "Services/Fulfilment",
    ["FulfilmentDomain", "FulfilmentService", "RPCInProcess", "StorageSQLite", "Kit"] + apis),
  tests(
    "ReturnsTests", "Services/Returns",
    ["ReturnsDomain", "ReturnsService", "RPCInProcess", "StorageSQLite", "Kit"] + apis),
  tests(
    "GatewayTests", "Services/Gateway",
    [
      "GatewayDomain", "GatewayService", "RPCInProcess", "StorageSQLite", "Kit", "SandboxServer",
      "ChannelRegistry", adapter,
    ] + apis + channelTargets),
  tests("CommandLineTests", "CommandLine", ["CommandLineMain", "PoolAPI", "Primitives"]),
  tests(
    "SandboxTests", "Sandbox",
    ["SandboxServer", "StorageCore", "StorageSQLite", "Primitives", "RPCCore", "RPCHTTP2", "Kit"]),
  .testTarget(
    name: "SimulationTests",
    dependencies: [
      "PoolAPI", "PoolDomain", "PoolService", "StorageSQLite", "Kit", "Primitives", "CSQLite",
    ],
    path: "Tests/Simulation", exclude: ["seeds"]),
  tests("SystemTests", "System", ["Primitives", "Protobuf", "RPCCore", "RPCHTTP2", "Kit"] + apis),
]

/// One folder, built as the test that replays the corpus or, where ONEPOOL_FUZZ is set, as the program that libFuzzer
/// drives: `@testable` lets it in where no other module comes, and only debug builds know it.
let fuzzed: [Target.Dependency] = [
  "RPCCore", "RPCHTTP2", "Protobuf", "Primitives", "FixtureAPI", "CLinux",
]
let fuzzFiles = ["Corpus", "run", "thread.suppressions"]
let fuzzing: [Target] =
  Context.environment["ONEPOOL_FUZZ"] == nil
  ? [
    .testTarget(
      name: "FuzzTests", dependencies: fuzzed, path: "Tests/Fuzz",
      exclude: fuzzFiles + ["C", "Driver"], sources: ["Entries", "Replay"])
  ]
  : [
    .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/C"),
    .executableTarget(
      name: "fuzz", dependencies: fuzzed + ["CFuzzer"], path: "Tests/Fuzz",
      exclude: fuzzFiles + ["C", "Replay"], sources: ["Entries", "Driver"]),
  ]

let package = Package(
  name: "OnePool",
  products: [
    .executable(name: "onepool-pool", targets: ["PoolMain"]),
    .executable(name: "onepool-mapping", targets: ["MappingMain"]),
    .executable(name: "onepool-fulfilment", targets: ["FulfilmentMain"]),
    .executable(name: "onepool-returns", targets: ["ReturnsMain"]),
    .executable(name: "onepool-gateway", targets: ["GatewayMain"]),
    .executable(name: "onepool-sandbox", targets: ["SandboxMain"]),
    .executable(name: "onepool", targets: ["CommandLineMain"]),
    .executable(name: "protoc-gen-onepool", targets: ["CodegenPlugin"]),
    .executable(name: "interop-server", targets: ["InteropServer"]),
    .executable(name: "interop-client", targets: ["InteropClient"]),
  ],
  targets: libraries + foundations + services + tools + testing + fuzzing,
  swiftLanguageModes: [.v6]
)

// An async function runs where its caller runs: a call's handler stays on its event loop, and each function that would
// leave it and come back costs a call 1 %.
for target in package.targets where target.type != .system {
  target.swiftSettings =
    (target.swiftSettings ?? []) + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]
}
