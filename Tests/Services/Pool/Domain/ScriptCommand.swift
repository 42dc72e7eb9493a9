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
          orderID: try OrderID(rest.count > 1 ? rest[1] : "o-" + rest[0])))
    case "release": return .releaseHold(try HoldID(rest[0]))
    case "sell", "try":
      return .recordSale(
        RecordSale(
          orderID: try OrderID(rest[0]), channelID: try ChannelID("shopee"),
          lines: try demand(Array(rest.dropFirst())), refuseShortage: words[0] == "try"))
    case "cancel":
      return .cancelSale(CancelSale(orderID: try OrderID(rest[0]), lines: totals(rest)))
    case "ship": return .shipSale(ShipSale(orderID: try OrderID(rest[0]), lines: totals(rest)))
    case "rank":
      return .setLocation(SetLocation(location: try LocationID(rest[0]), rank: Int32(rest[1])!))
    case "buffer": return .setBuffer(try buffer(rest))
    case "bundle":
      return .setBundle(
        SetBundle(
          sku: try SKU(rest[0]),
          parts: rest.dropFirst().map { word in
            let demand = Demand(word)
            return SetBundle.Part(sku: demand.sku, units: demand.quantity)
          }))
    default: return .document(try DocumentScript.parse(words, now: now))
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

  /// `5#L1` is of a lot that lasts, `5#L1/60` of one that expires 60 seconds after the script's beginning.
  static func lotTag(of word: String) -> (String, LotTag?) {
    let parts = word.split { $0 == "#" }.map(String.init)
    guard parts.count > 1 else { return (word, nil) }
    let tag = parts[1].split { $0 == "/" }.map(String.init)
    let time = tag.count > 1 ? Timestamp(seconds: 1_800_000_000 + Int64(tag[1])!) : nil
    return (parts[0], LotTag(id: LotID(trusted: tag[0]), expireTime: time))
  }

  private static func stock(_ words: [String]) -> [StockLine] {
    words.map { word in
      let (amount, lot) = lotTag(of: word)
      let demand = Demand(amount)
      return StockLine(
        sku: demand.sku, location: demand.location ?? LocationID(trusted: "A"),
        quantity: demand.quantity, lot: lot)
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
      holdID: try HoldID(words[0]), owner: option("by") ?? "anna", lines: try demand(Array(lines)),
      expireTime: option("at").map { Timestamp(seconds: Int64($0)!) }
        ?? now + .seconds(Int64(option("until") ?? "60")!),
      channelID: try option("on").map { try ChannelID($0) })
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
