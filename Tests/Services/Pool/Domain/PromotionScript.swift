import Primitives

@testable import PoolDomain

/// The words of a script about promotions:
///
///     promotion p-1 regular 5 2:CAP on=shopee,lazada from=10 to=100    (seconds from now)
///     schedule p-1 accepting      topUp p-1 3      end p-1      stop p-1
///
enum PromotionScript {
  static func parse(_ words: [String], now: Timestamp) throws -> PromotionCommand {
    let id = try PromotionID(words[1])
    let rest = words.dropFirst(2)
    let kinds: Set<PromotionClash.Kind> =
      rest.contains("accepting") ? [.overPromised, .buffer] : []
    switch words[0] {
    case "schedule": return .schedule(id, accepting: kinds)
    case "topUp": return .topUp(id, lines(rest), accepting: kinds)
    case "end": return .end(id)
    case "stop": return .cancel(id)
    default:
      let strategies: [String: Promotion.Strategy] = [
        "restrict": .restrict, "regular": .regular, "iron": .ironReserve,
      ]
      func seconds(_ name: String) -> Timestamp {
        let word = rest.first { $0.hasPrefix(name + "=") } ?? "\(name)=0"
        return now + .seconds(Int64(word.dropFirst(name.count + 1))!)
      }
      let channels = rest.first { $0.hasPrefix("on=") }!.dropFirst(3).split(separator: ",")
      return .set(
        SetPromotion(
          id: id, channels: try channels.map { try ChannelID(String($0)) },
          strategy: strategies[words[2]]!, startTime: seconds("from"), endTime: seconds("to"),
          lines: lines(rest.dropFirst())))
    }
  }

  private static func lines(_ words: ArraySlice<String>) -> [SetPromotion.Line] {
    words.filter { !$0.contains("=") && $0 != "accepting" }.map {
      let demand = Demand($0)
      return SetPromotion.Line(sku: demand.sku, quantity: demand.quantity)
    }
  }
}
