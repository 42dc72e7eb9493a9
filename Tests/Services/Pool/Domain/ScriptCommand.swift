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
          channelID: try option("on", rest).map { try ChannelID($0) },
          lines: try demand(rest.dropFirst(2).filter { !$0.hasPrefix("on=") })))
    case "extend":
      return .extendHold(
        ExtendHold(holdID: try HoldID(rest[0]), expireTime: try hold(rest, now: now).expireTime))
    case "edit": return .editHold(try edit(rest))
    case "release": return .releaseHold(ReleaseHold(holdID: try HoldID(rest[0])))
    case "sell", "try": return .recordSale(try sale(rest, refuseShortage: words[0] == "try"))
    case "cancel":
      return .cancelSale(CancelSale(orderID: try OrderID(rest[0]), lines: totals(rest)))
    case "ship": return .shipSale(ShipSale(orderID: try OrderID(rest[0]), lines: totals(rest)))
    case "promotion", "schedule", "topUp", "end", "stop":
      return .promotion(try PromotionScript.parse(words, now: now))
    case "lag":
      return .reportLag(
        ReportLag(
          lags: try rest.map { word in
            let parts = word.split { $0 == "=" }
            return ReportLag.Lag(
              channel: try ChannelID(String(parts[0])), span: .seconds(Int64(parts[1])!))
          }))
    case "rank", "locate", "group", "feed", "last", "buffer":
      return try RuleScript.parse(words, now: now)
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
    let lines = words.dropFirst().filter { !$0.contains("=") }
    return CreateHold(
      holdID: try HoldID(words[0]), owner: option("by", words) ?? "owner of \(words[0])",
      lines: try demand(Array(lines)),
      expireTime: option("at", words).map { Timestamp(seconds: Int64($0)!) }
        ?? now + .seconds(Int64(option("until", words) ?? "60")!),
      channelID: try option("on", words).map { try ChannelID($0) },
      zone: try option("to", words).map { try Zone($0) })
  }

  /// `o-1 2 3:CAP@B=l-1 on=till to=north by=anna`.
  private static func sale(_ words: [String], refuseShortage: Bool) throws -> RecordSale {
    let lines = words.dropFirst().filter { word in
      !["on=", "to=", "by="].contains { word.hasPrefix($0) }
    }
    return RecordSale(
      orderID: try OrderID(words[0]), channelID: try ChannelID(option("on", words) ?? "shopee"),
      lines: try demand(Array(lines)), refuseShortage: refuseShortage,
      owner: option("by", words) ?? "", zone: try option("to", words).map { try Zone($0) })
  }

  /// `h-1 +1 -2:CAP@B etag=s3`.
  private static func edit(_ words: [String]) throws -> EditHold {
    let lines = words.dropFirst().filter { !$0.contains("=") }.map { Demand($0) }
    return EditHold(
      holdID: try HoldID(words[0]), etag: option("etag", words) ?? "",
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

  private static func option(_ name: String, _ words: [String]) -> String? {
    words.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
  }
}
