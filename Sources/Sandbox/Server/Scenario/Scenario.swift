internal import Foundation

/// What happens on the platforms, and when, in seconds from its start. `Deploy/scenarios/README.md` has the format.
struct Scenario: Decodable, Sendable {
  /// Of its random choices.
  var seed: UInt64
  /// Bodies of `POST /control/shops` and `listings`, made before the first step.
  var shops: [JSONValue]
  var listings: [JSONValue]
  var steps: [ScenarioStep]

  /// The end of its last step.
  var seconds: Double { steps.map { $0.at + ($0.span ?? 0) }.max() ?? 0 }

  static func read(_ bytes: [UInt8]) throws(ScenarioError) -> Scenario {
    do {
      return try JSONDecoder().decode(Scenario.self, from: Data(bytes))
    } catch let error as ScenarioError {
      throw error
    } catch {
      throw ScenarioError(place: "", problem: "The scenario is not JSON.")
    }
  }

  static func read(path: String) throws(ScenarioError) -> Scenario {
    guard let data = FileManager.default.contents(atPath: path),
      data.count <= SandboxLimits.bodyBytes
    else {
      throw ScenarioError(
        place: path, problem: "cannot be read, or has more than \(SandboxLimits.bodyBytes) bytes")
    }
    do {
      return try read([UInt8](data))
    } catch {
      throw ScenarioError(place: "\(path):", problem: error.description)
    }
  }

  init(from decoder: any Decoder) throws {
    let entry = try ScenarioEntry(decoder, allowed: ["seed", "shops", "listings", "steps"])
    seed = UInt64(try entry.integer("seed", in: 0...Int64.max, default: 1))
    let bodies = "a list of what the control API takes, at most \(SandboxLimits.lines)"
    shops = entry.has("shops") ? try entry.value("shops", [JSONValue].self, bodies) : []
    listings = entry.has("listings") ? try entry.value("listings", [JSONValue].self, bodies) : []
    for (name, list) in [("shops", shops), ("listings", listings)] {
      guard list.count <= SandboxLimits.lines, list.allSatisfy({ $0.members != nil }) else {
        throw entry.wrong(name, "must be \(bodies)")
      }
    }
    let allowed = "a list of steps, at most \(SandboxLimits.lines)"
    steps = try entry.value("steps", [ScenarioStep].self, allowed)
    guard steps.count <= SandboxLimits.lines else {
      throw entry.wrong("steps", "must be \(allowed)")
    }
  }
}

/// One thing that happens, at once or for a while.
struct ScenarioStep: Decodable, Sendable {
  struct Orders: Sendable {
    var perSecond: Double
    /// One after the other.
    var shops: [Shop.Key]
    /// By chance.
    var skus: [String]
    var quantity: Int64
    /// Of a hundred orders, those that are cancelled a second later.
    var cancelPercent: Double
  }

  enum Act: Sendable {
    case orders(Orders)
    case faults([Channel], JSONValue)
    case downtime([Channel])
    case webhooksOff(Shop.Key)
    case promotion(Shop.Key, sku: String, units: Int64)
    case expireTokens([Channel])
    case setStock(Shop.Key, sku: String, units: Int64)
    case deauthorise(Shop.Key)
  }

  var at: Double
  /// How long it lasts; nil for what happens once.
  var span: Double?
  var act: Act

  /// What each may have beside `at` and `do`.
  private static let members: [String: [String]] = [
    "orders": ["for", "per_second", "shops", "skus", "quantity", "cancel_percent"],
    "faults": ["for", "channel", "set"], "downtime": ["for", "channel"],
    "webhooks_off": ["for", "shop"], "promotion": ["for", "shop", "sku", "units"],
    "expire_tokens": ["channel"], "set_stock": ["shop", "sku", "units"], "deauthorise": ["shop"],
  ]

  init(from decoder: any Decoder) throws {
    let names = Self.members.keys.sorted()
    let any = try ScenarioEntry(
      decoder, allowed: Set(Self.members.values.joined() + ["at", "do"]).sorted())
    let allowed = names.joined(separator: ", ")
    let name = try any.text("do", allowed)
    guard let members = Self.members[name] else { throw any.wrong("do", "must be \(allowed)") }
    let entry = try ScenarioEntry(decoder, allowed: ["at", "do"] + members)
    at = try entry.number("at", in: 0...SandboxLimits.scenarioSeconds)
    span =
      members.contains("for")
      ? try entry.number("for", in: 0.001...SandboxLimits.scenarioSeconds) : nil
    act = try Self.act(name, entry)
  }

  private static func act(_ name: String, _ entry: ScenarioEntry) throws -> Act {
    let sku = "the SKU of a listing of the shop"
    let stock = 0...SandboxLimits.stock
    switch name {
    case "orders":
      let skus = try entry.value("skus", [String].self, "a list of one or more SKUs")
      guard (1...SandboxLimits.lines).contains(skus.count) else {
        throw entry.wrong("skus", "must be a list of one or more SKUs")
      }
      return .orders(
        Orders(
          perSecond: try entry.number("per_second", in: 0.001...1_000),
          shops: try entry.shops("shops"), skus: skus,
          quantity: try entry.integer("quantity", in: 1...SandboxLimits.lineQuantity, default: 1),
          cancelPercent: try entry.number("cancel_percent", in: 0...100, default: 0)))
    case "faults":
      let set = try entry.value("set", JSONValue.self, "an object of POST /control/faults")
      if case .failure(let error) = FaultPlan().changed(by: set) {
        throw entry.wrong("set", "must be an object of POST /control/faults: \(error.message)")
      }
      return .faults(try entry.channels("channel"), set)
    case "downtime": return .downtime(try entry.channels("channel"))
    case "webhooks_off": return .webhooksOff(try entry.shop("shop"))
    case "promotion":
      return .promotion(
        try entry.shop("shop", of: Channel.allCases.filter(\.hasPromotions)),
        sku: try entry.text("sku", sku), units: try entry.integer("units", in: stock))
    case "expire_tokens": return .expireTokens(try entry.channels("channel"))
    case "set_stock":
      return .setStock(
        try entry.shop("shop"), sku: try entry.text("sku", sku),
        units: try entry.integer("units", in: stock))
    default: return .deauthorise(try entry.shop("shop"))
    }
  }
}
