internal import Foundation
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// The rules of who may sell what, as an operator sees and sets them.
enum RuleCommands {
  static let all = [buffer, buffers, lastUnits, sourcing, locations, location, group]

  static let buffer = Command(
    name: "buffer",
    usage:
      "MARGIN [--sku SKU|--group GROUP] [--channel CHANNEL] [--listing LISTING] [--name NAME] [--min N] [--max N] [--cap N] [--from TIME] [--until TIME]",
    summary: "hides units from channels; MARGIN is \(RuleWords.margins)",
    options: [
      "sku": "", "group": "", "channel": "", "listing": "", "name": "", "min": "0", "max": "",
      "cap": "", "from": "", "until": "",
    ]
  ) { arguments in
    let margin = try RuleWords.margin(try arguments.word(0, "MARGIN"))
    let peers = try Peers.fromEnvironment()
    let buffer = Buffer(
      sku: arguments.option("sku"), channelID: arguments.option("channel"), margin: margin,
      capCount: try arguments.optionalNumber("cap"), skuGroup: arguments.option("group"),
      listingID: arguments.option("listing"), name: arguments.option("name"),
      minimumCount: try arguments.optionalNumber("min") ?? 0,
      maximumCount: try arguments.optionalNumber("max"),
      startTime: try RuleWords.time(arguments.option("from"), "from"),
      endTime: try RuleWords.time(arguments.option("until"), "until"))
    _ = try await peers.pool.setBuffer(
      SetBufferRequest(buffer: buffer, requestID: UUID().uuidString))
    Output.line("done")
    return 0
  }

  static let buffers = Command(
    name: "buffers", usage: "[--sku SKU]", summary: "the buffers that are set",
    options: ["sku": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let rows = try await allPages { token in
      let page = try await peers.pool.listBuffers(
        ListBuffersRequest(sku: arguments.option("sku"), pageSize: 1000, pageToken: token))
      return (page.buffers, page.nextPageToken)
    }
    Output.table(
      [
        "SKU", "group", "channel", "listing", "name", "margin", "min", "max", "cap", "from",
        "until",
      ],
      rows.map {
        [
          $0.sku, $0.skuGroup, $0.channelID, $0.listingID, $0.name, RuleWords.text($0.margin),
          "\($0.minimumCount)", $0.maximumCount.map { "\($0)" } ?? "–",
          $0.capCount.map { "\($0)" } ?? "–", $0.startTime.text, $0.endTime.text,
        ]
      })
    return 0
  }

  static let lastUnits = Command(
    name: "last-units", usage: "[UNITS CHANNEL [--sku SKU|--group GROUP]]",
    summary: "keeps the last units for one channel, 0 for none; alone it lists who keeps what",
    options: ["sku": "", "group": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    guard !arguments.positions.isEmpty else {
      let rows = try await allPages { token in
        let page = try await peers.pool.listLastUnits(
          ListLastUnitsRequest(pageSize: 1000, pageToken: token))
        return (page.lastUnits, page.nextPageToken)
      }
      Output.table(
        ["SKU", "group", "channel", "units"],
        rows.map { [$0.sku, $0.skuGroup, $0.channelID, "\($0.unitCount)"] })
      return 0
    }
    let lock = LastUnits(
      sku: arguments.option("sku"), skuGroup: arguments.option("group"),
      channelID: try arguments.word(1, "CHANNEL"), unitCount: try arguments.number(0, "UNITS"))
    _ = try await peers.pool.setLastUnits(
      SetLastUnitsRequest(lastUnits: lock, requestID: UUID().uuidString))
    Output.line("done")
    return 0
  }

  static let sourcing = Command(
    name: "sourcing", usage: "[CHANNEL ranked|nearest|most|default [LOCATION …]]",
    summary: "which locations feed a channel, and which is asked first; alone it lists all"
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    guard let channel = arguments.positions.first else {
      let rows = try await allPages { token in
        let page = try await peers.pool.listChannelSourcings(
          ListChannelSourcingsRequest(pageSize: 1000, pageToken: token))
        return (page.sourcings, page.nextPageToken)
      }
      Output.table(
        ["channel", "strategy", "locations"],
        rows.map {
          let list = $0.locationIDs.isEmpty ? "all" : $0.locationIDs.joined(separator: " ")
          return [$0.channelID, "\($0.strategy)", list]
        })
      return 0
    }
    let strategies: [String: ChannelSourcing.Strategy] = [
      "ranked": .ranked, "nearest": .nearest, "most": .mostStock, "default": .unspecified,
    ]
    let word = try arguments.word(1, "STRATEGY")
    guard let strategy = strategies[word] else { throw UsageError("there is no strategy \(word)") }
    let set = ChannelSourcing(
      channelID: channel, strategy: strategy, locationIDs: Array(arguments.positions.dropFirst(2)))
    _ = try await peers.pool.setChannelSourcing(
      SetChannelSourcingRequest(sourcing: set, requestID: UUID().uuidString))
    Output.line("done")
    return 0
  }

  static let locations = Command(
    name: "locations", usage: "", summary: "warehouses and stores, first choice first"
  ) { _ in
    let rows = try await known(try Peers.fromEnvironment())
    Output.table(
      ["location", "name", "kind", "rank", "zones", "pickup"],
      rows.map {
        [
          $0.locationID, $0.displayName, "\($0.kind)", "\($0.rank)",
          $0.zones.joined(separator: " "), $0.offersPickup ? "yes" : "no",
        ]
      })
    return 0
  }

  private static func known(_ peers: Peers) async throws -> [Location] {
    try await allPages { token in
      let page = try await peers.pool.listLocations(
        ListLocationsRequest(pageSize: 1000, pageToken: token))
      return (page.locations, page.nextPageToken)
    }
  }

  static let location = Command(
    name: "location",
    usage:
      "LOCATION [--display-name NAME] [--rank N] [--kind warehouse|store] [--zones ZONE,…] [--pickup yes|no]",
    summary: "adds a location, or changes what is given of one; --zones with the nearest first",
    options: ["display-name": "", "rank": "", "kind": "", "zones": "", "pickup": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let id = try arguments.word(0, "LOCATION")
    var location =
      try await known(peers).first { $0.locationID == id } ?? Location(locationID: id)
    try change(&location, arguments)
    _ = try await peers.pool.setLocation(
      SetLocationRequest(location: location, requestID: UUID().uuidString))
    Output.line("done")
    return 0
  }

  /// Puts what is given in place of what was known.
  static func change(_ location: inout Location, _ arguments: Arguments) throws(UsageError) {
    let name = arguments.option("display-name")
    if !name.isEmpty { location.displayName = name }
    if let rank = try arguments.optionalNumber("rank") { location.rank = Int32(clamping: rank) }
    switch arguments.option("kind") {
    case "": break
    case "warehouse": location.kind = .warehouse
    case "store": location.kind = .store
    case let other: throw UsageError("there is no kind \(other)")
    }
    let zones = arguments.option("zones")
    if !zones.isEmpty { location.zones = RuleWords.list(zones) }
    switch arguments.option("pickup") {
    case "": break
    case "yes": location.offersPickup = true
    case "no": location.offersPickup = false
    case let other: throw UsageError("--pickup is \(other): yes or no is wanted")
    }
  }

  static let group = Command(
    name: "group", usage: "SKU [GROUP]", summary: "puts a SKU in a group, or in none"
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let known = try await peers.pool.getSku(GetSkuRequest(sku: try arguments.word(0, "SKU"))).sku
    guard var sku = known else { throw Failure("the pool answered with no SKU") }
    sku.skuGroup = arguments.positions.count > 1 ? arguments.positions[1] : ""
    _ = try await peers.pool.setSku(SetSkuRequest(sku: sku, requestID: UUID().uuidString))
    Output.line("done")
    return 0
  }
}

extension Arguments {
  /// Nil for an option that is not given.
  func optionalNumber(_ name: String) throws(UsageError) -> Int64? {
    let text = option(name)
    if text.isEmpty { return nil }
    guard let number = Int64(text) else {
      throw UsageError("--\(name) is \(text): a number is wanted")
    }
    return number
  }
}
