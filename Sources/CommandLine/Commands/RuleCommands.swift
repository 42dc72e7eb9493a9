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
    summary: "hides units from channels",
    details: """
      MARGIN is \(RuleWords.margins).
        5             so many units
        10%           a part of what is there
        50:10,2       10 while 50 or more are available, 2 below that
        demand:60     what sells in 60 s; demand:60,150% half as much again, demand:60,measured in the time that
                      the gateway measures, once it has
        none          takes the buffer away
      The most specific one counts: of a listing (with --sku and --channel), a SKU on a channel, a SKU, a group, all. --min and
      --max bound it, --cap is the most that a channel may show; with --from or --until it counts for a time, and several with a
      --name each stand side by side. Times are as 2026-11-27T00:00:00Z.
      """, wordLimit: 1,
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
      startTime: try arguments.time(option: "from"), endTime: try arguments.time(option: "until"))
    if margin != nil, !buffer.channelID.isEmpty {
      try await KnownChannels.check([buffer.channelID], peers)
    }
    let set = try await peers.pool.setBuffer(
      SetBufferRequest(buffer: buffer, requestID: UUID().uuidString))
    show([set.buffer ?? buffer])
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
    show(rows)
    return 0
  }

  private static func show(_ buffers: [Buffer]) {
    Output.table(
      [
        "SKU", "group", "channel", "listing", "name", "margin", "min", "max", "cap", "from",
        "until",
      ],
      buffers.map {
        [
          whose($0.sku, $0.skuGroup), orDash($0.skuGroup), orAll($0.channelID),
          orDash($0.listingID), orDash($0.name), RuleWords.text($0.margin), "\($0.minimumCount)",
          $0.maximumCount.map { "\($0)" } ?? "–", $0.capCount.map { "\($0)" } ?? "–",
          $0.startTime.text, $0.endTime.text,
        ]
      })
  }

  /// The SKU of a rule: one, those of a group, or all.
  private static func whose(_ sku: String, _ group: String) -> String {
    group.isEmpty ? orAll(sku) : orDash(sku)
  }

  private static func orAll(_ text: String) -> String { text.isEmpty ? "all" : text }
  private static func orDash(_ text: String) -> String { text.isEmpty ? "–" : text }

  static let lastUnits = Command(
    name: "last-units", usage: "[UNITS CHANNEL [--sku SKU|--group GROUP]]",
    summary: "keeps the last units for one channel, 0 for none; alone it lists who keeps what",
    wordLimit: 2,
    options: ["sku": "", "group": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    guard !arguments.positions.isEmpty else {
      let rows = try await allPages { token in
        let page = try await peers.pool.listLastUnits(
          ListLastUnitsRequest(pageSize: 1000, pageToken: token))
        return (page.lastUnits, page.nextPageToken)
      }
      show(rows)
      return 0
    }
    let units = try arguments.number(0, "UNITS")
    let lock = LastUnits(
      sku: arguments.option("sku"), skuGroup: arguments.option("group"),
      channelID: try arguments.word(1, "CHANNEL"), unitCount: units)
    if units != 0 { try await KnownChannels.check([lock.channelID], peers) }
    let set = try await peers.pool.setLastUnits(
      SetLastUnitsRequest(lastUnits: lock, requestID: UUID().uuidString))
    show([set.lastUnits ?? lock])
    return 0
  }

  private static func show(_ locks: [LastUnits]) {
    Output.table(
      ["SKU", "group", "channel", "units"],
      locks.map {
        [
          whose($0.sku, $0.skuGroup), orDash($0.skuGroup), orDash($0.channelID), "\($0.unitCount)",
        ]
      })
  }

  static let sourcing = Command(
    name: "sourcing", usage: "[CHANNEL ranked|nearest|most|default [LOCATION …]]",
    summary: "which locations feed a channel, and which is asked first; alone it lists all",
    details: """
      ranked asks them in the order that is given, or by their rank; nearest by the customer's zone; most the fullest first;
      default takes the rule away. Without LOCATION all feed the channel.
      """, wordLimit: nil
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    guard let channel = arguments.positions.first else {
      let rows = try await allPages { token in
        let page = try await peers.pool.listChannelSourcings(
          ListChannelSourcingsRequest(pageSize: 1000, pageToken: token))
        return (page.sourcings, page.nextPageToken)
      }
      show(rows)
      return 0
    }
    let strategy = try Arguments.choice(
      try arguments.word(1, "STRATEGY"), "STRATEGY", sourcingStrategies)
    if strategy != .unspecified { try await KnownChannels.check([channel], peers) }
    let wanted = ChannelSourcing(
      channelID: channel, strategy: strategy, locationIDs: Array(arguments.positions.dropFirst(2)))
    let set = try await peers.pool.setChannelSourcing(
      SetChannelSourcingRequest(sourcing: wanted, requestID: UUID().uuidString))
    show([set.sourcing ?? wanted])
    return 0
  }

  private static let sourcingStrategies: [(String, ChannelSourcing.Strategy)] = [
    ("ranked", .ranked), ("nearest", .nearest), ("most", .mostStock), ("default", .unspecified),
  ]

  private static func show(_ sourcings: [ChannelSourcing]) {
    Output.table(
      ["channel", "strategy", "locations"],
      sourcings.map { sourcing in
        let word = sourcingStrategies.first { $0.1 == sourcing.strategy }?.0
        let list = sourcing.locationIDs.joined(separator: " ")
        return [sourcing.channelID, word ?? words(sourcing.strategy), orAll(list)]
      })
  }

  static let locations = Command(
    name: "locations", usage: "", summary: "warehouses and stores, first choice first"
  ) { _ in
    show(try await known(try Peers.fromEnvironment()))
    return 0
  }

  private static func show(_ locations: [Location]) {
    Output.table(
      ["location", "name", "kind", "rank", "zones", "pickup"],
      locations.map {
        [
          $0.locationID, orDash($0.displayName), words($0.kind), "\($0.rank)",
          orDash($0.zones.joined(separator: " ")), $0.offersPickup ? "yes" : "no",
        ]
      })
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
      "LOCATION [--display-name NAME] [--rank N] [--kind warehouse|store] [--zones ZONE,…|none] [--pickup yes|no]",
    summary: "adds a location, or changes what is given of one; --zones with the nearest first",
    wordLimit: 1,
    options: ["display-name": "", "rank": "", "kind": "", "zones": "", "pickup": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let id = try arguments.word(0, "LOCATION")
    var location =
      try await known(peers).first { $0.locationID == id } ?? Location(locationID: id)
    try change(&location, arguments)
    let set = try await peers.pool.setLocation(
      SetLocationRequest(location: location, requestID: UUID().uuidString))
    show([set.location ?? location])
    return 0
  }

  /// Puts what is given in place of what was known.
  static func change(_ location: inout Location, _ arguments: Arguments) throws(UsageError) {
    let name = arguments.option("display-name")
    if !name.isEmpty { location.displayName = name }
    if !arguments.option("rank").isEmpty {
      location.rank = Int32(try arguments.number(option: "rank", in: 0...1_000_000))
    }
    if !arguments.option("kind").isEmpty {
      location.kind = try arguments.choice(
        option: "kind", [("warehouse", .warehouse), ("store", .store)])
    }
    let zones = arguments.option("zones")
    if !zones.isEmpty { location.zones = zones == "none" ? [] : RuleWords.list(zones) }
    if !arguments.option("pickup").isEmpty {
      location.offersPickup = try arguments.choice(
        option: "pickup", [("yes", true), ("no", false)])
    }
  }

  static let group = Command(
    name: "group", usage: "SKU [GROUP]", summary: "puts a SKU in a group, or in none", wordLimit: 2
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let known = try await peers.pool.getSku(GetSkuRequest(sku: try arguments.word(0, "SKU"))).sku
    guard var sku = known else { throw Failure("the pool answered with no SKU") }
    sku.skuGroup = arguments.positions.count > 1 ? arguments.positions[1] : ""
    let set = try await peers.pool.setSku(SetSkuRequest(sku: sku, requestID: UUID().uuidString))
    StockCommands.show([set.sku ?? sku])
    return 0
  }
}
