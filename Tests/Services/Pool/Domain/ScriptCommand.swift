import Primitives

@testable import PoolDomain

/// The words of a script as commands.
enum ScriptCommand {
  static func parse(_ words: [String], now: Timestamp) throws -> Command {
    let rest = Array(words.dropFirst())
    switch words[0] {
    case "receive": return .receive(ReceiveStock(lines: stock(rest)))
    case "adjust": return .adjust(AdjustStock(lines: stock(rest), reason: "count"))
    case "clear": return .resolve(ResolveUnavailable(lines: stock(rest), outcome: .cleared))
    case "scrap": return .resolve(ResolveUnavailable(lines: stock(rest), outcome: .scrapped))
    case "return": return .returnStock(try takeBack(rest))
    case "hold": return .createHold(try hold(rest, now: now))
    case "commit":
      return .commitHold(
        CommitHold(
          holdID: try HoldID(rest[0]),
          orderID: try OrderID(rest.count > 1 ? rest[1] : "o-" + rest[0]),
          lines: try demand(Array(rest.dropFirst(2)))))
    case "extend":
      return .extendHold(
        ExtendHold(holdID: try HoldID(rest[0]), expireTime: try hold(rest, now: now).expireTime))
    case "edit": return .editHold(try edit(rest))
    case "release": return .releaseHold(try HoldID(rest[0]))
    case "sell", "try":
      return .recordSale(
        RecordSale(
          orderID: try OrderID(rest[0]), channelID: try ChannelID("shopee"),
          lines: try demand(rest.dropFirst().filter { !$0.hasPrefix("by=") }),
          refuseShortage: words[0] == "try",
          owner: rest.first { $0.hasPrefix("by=") }.map { String($0.dropFirst(3)) } ?? ""))
    case "cancel":
      return .cancelSale(CancelSale(orderID: try OrderID(rest[0]), lines: totals(rest)))
    case "ship": return .shipSale(ShipSale(orderID: try OrderID(rest[0]), lines: totals(rest)))
    case "rank":
      return .setLocation(SetLocation(location: try LocationID(rest[0]), rank: Int32(rest[1])!))
    case "buffer": return .setBuffer(try buffer(rest))
    default: throw ScriptProblem(words: words)
    }
  }

  struct ScriptProblem: Error { var words: [String] }

  /// `2`, `2=l-1` (a line's name), with `:SKU@location` before the `=`.
  private static func demand(_ words: [String]) throws -> [DemandLine] {
    words.enumerated().map { number, word in
      let parts = word.split { $0 == "=" }.map(String.init)
      let demand = Demand(parts[0])
      return DemandLine(
        lineID: parts.count > 1 ? parts[1] : "\(number + 1)", sku: demand.sku,
        quantity: demand.quantity, location: demand.location)
    }
  }

  private static func stock(_ words: [String]) -> [StockLine] {
    words.map { word in
      let demand = Demand(word)
      return StockLine(
        sku: demand.sku, location: demand.location ?? LocationID(trusted: "A"),
        quantity: demand.quantity)
    }
  }

  /// `o-1 2` (line 1), `o-1 2=l-1`.
  private static func totals(_ words: [String]) -> [LineTotal] {
    words.dropFirst().enumerated().map { number, word in
      let parts = word.split { $0 == "=" }.map(String.init)
      return LineTotal(
        lineID: parts.count > 1 ? parts[1] : "\(number + 1)", total: Quantity(parts[0]) ?? 0)
    }
  }

  /// `restock 2`, `quarantine 2 o-1 1` (order and line).
  private static func takeBack(_ words: [String]) throws -> ReturnStock {
    let dispositions: [String: ReturnStock.Disposition] = [
      "restock": .restock, "quarantine": .quarantine, "writeOff": .writeOff,
    ]
    return ReturnStock(
      returnID: try ReturnID("r"), orderID: words.count > 2 ? try OrderID(words[2]) : nil,
      lines: [
        ReturnStock.Line(
          stock: stock([words[1]])[0], disposition: dispositions[words[0]]!,
          lineID: words.count > 3 ? words[3] : "")
      ])
  }

  /// `h-1 4 2:CAP until=60 on=shopee by=anna`.
  private static func hold(_ words: [String], now: Timestamp) throws -> CreateHold {
    func option(_ name: String) -> String? {
      words.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
    }
    let lines = words.dropFirst().filter { !$0.contains("=") }
    return CreateHold(
      holdID: try HoldID(words[0]), owner: option("by") ?? "owner of \(words[0])",
      lines: try demand(Array(lines)),
      expireTime: option("at").map { Timestamp(seconds: Int64($0)!) }
        ?? now + .seconds(Int64(option("until") ?? "60")!),
      channelID: try option("on").map { try ChannelID($0) })
  }

  /// `h-1 +1 -2:CAP@B etag=s3`.
  private static func edit(_ words: [String]) throws -> EditHold {
    let lines = words.dropFirst().filter { !$0.contains("=") }.map { Demand($0) }
    return EditHold(
      holdID: try HoldID(words[0]),
      etag: words.first { $0.hasPrefix("etag=") }.map {
        String($0.dropFirst(5))
      } ?? "",
      lines: lines.map { EditHold.Line(sku: $0.sku, delta: $0.quantity, location: $0.location) })
  }

  /// `holds=2 units=5 percent=50`.
  static func caps(_ words: [String]) -> HoldCaps {
    var caps = HoldCaps()
    for word in words {
      let parts = word.split { $0 == "=" }
      switch parts[0] {
      case "holds": caps.holdsOfOwner = Int(parts[1])!
      case "units": caps.unitsOfOwner = Quantity(parts[1])!
      default: caps.heldPercent = Int(parts[1])!
      }
    }
    return caps
  }

  /// `sku=TEE channel=shopee units=2 percent=10 cap=5`; nothing but a scope removes it.
  private static func buffer(_ words: [String]) throws -> SetBuffer {
    var command = SetBuffer()
    for word in words {
      let parts = word.split { $0 == "=" }.map(String.init)
      switch parts[0] {
      case "sku": command.sku = try SKU(parts[1])
      case "channel": command.channel = try ChannelID(parts[1])
      case "units": command.margin = .units(Int64(parts[1])!)
      case "points": command.margin = .basisPoints(Int32(parts[1])!)
      case "cap": command.cap = Int64(parts[1])!
      default: throw ScriptProblem(words: words)
      }
    }
    return command
  }
}
