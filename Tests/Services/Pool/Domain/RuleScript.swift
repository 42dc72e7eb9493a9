import Primitives

@testable import PoolDomain

/// The words of a script that set rules.
enum RuleScript {
  static func parse(_ words: [String], now: Timestamp) throws -> Command {
    let rest = Array(words.dropFirst())
    switch words[0] {
    case "rank":
      return .setLocation(SetLocation(location: try LocationID(rest[0]), rank: Int32(rest[1])!))
    case "locate": return .setLocation(try place(rest))
    case "group": return .setSKU(SetSKU(sku: try SKU(rest[0]), group: try SKUGroup(rest[1])))
    case "feed": return .setSourcing(try sourcing(rest))
    case "last": return .setLastUnits(try lastUnits(rest))
    case "buffer": return .setBuffer(try buffer(rest, now: now))
    default: throw ScriptCommand.ScriptProblem(words: words)
    }
  }

  private static func split(_ word: String) -> (name: String, value: String) {
    let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
    return (parts[0], parts.count > 1 ? parts[1] : "")
  }

  private static func list(_ text: String) -> [String] {
    text.split { $0 == "," }.map(String.init)
  }

  /// `A rank=1 store zones=north,south pickup`.
  private static func place(_ words: [String]) throws -> SetLocation {
    var command = SetLocation(location: try LocationID(words[0]))
    for word in words.dropFirst() {
      let (name, value) = split(word)
      switch name {
      case "rank": command.rank = Int32(value)!
      case "store": command.traits.kind = .store
      case "zones": command.traits.zones = try list(value).map { try Zone($0) }
      case "pickup": command.traits.offersPickup = true
      default: throw ScriptCommand.ScriptProblem(words: words)
      }
    }
    return command
  }

  /// `shopee ranked by=B,A`; `shopee` alone removes it.
  private static func sourcing(_ words: [String]) throws -> SetSourcing {
    var command = SetSourcing(channel: try ChannelID(words[0]))
    for word in words.dropFirst() {
      switch split(word).name {
      case "ranked": command.strategy = .ranked
      case "nearest": command.strategy = .nearest
      case "most": command.strategy = .mostStock
      case "by": command.locations = try list(split(word).value).map { try LocationID($0) }
      default: throw ScriptCommand.ScriptProblem(words: words)
      }
    }
    return command
  }

  /// `3 till sku=TEE`.
  private static func lastUnits(_ words: [String]) throws -> SetLastUnits {
    var command = SetLastUnits(channel: try ChannelID(words[1]), units: Int64(words[0])!)
    for word in words.dropFirst(2) {
      let (name, value) = split(word)
      switch name {
      case "sku": command.sku = try SKU(value)
      case "group": command.group = try SKUGroup(value)
      default: throw ScriptCommand.ScriptProblem(words: words)
      }
    }
    return command
  }

  /// `sku=TEE channel=shopee units=2 cap=5 from=60 until=120`; nothing but a scope removes it.
  private static func buffer(_ words: [String], now: Timestamp) throws -> SetBuffer {
    var command = SetBuffer()
    for word in words {
      let (name, value) = split(word)
      let numbers = list(value).compactMap { Int64($0) }
      switch name {
      case "sku": command.sku = try SKU(value)
      case "group": command.group = try SKUGroup(value)
      case "channel": command.channel = try ChannelID(value)
      case "listing": command.listing = try ListingID(value)
      case "name": command.name = value
      case "units": command.margin = .units(numbers[0])
      case "points": command.margin = .basisPoints(Int32(numbers[0]))
      case "tiers":
        command.margin = .tiers(threshold: numbers[0], above: numbers[1], below: numbers[2])
      case "demand":
        command.margin = .demand(lag: .seconds(numbers[0]), factor: Int32(numbers[1]))
      case "measured": command.isLagMeasured = true
      case "least": command.least = numbers[0]
      case "most": command.most = numbers[0]
      case "cap": command.cap = numbers[0]
      case "from": command.startTime = now + .seconds(numbers[0])
      case "until": command.endTime = now + .seconds(numbers[0])
      default: throw ScriptCommand.ScriptProblem(words: words)
      }
    }
    return command
  }
}
