public import Primitives

/// Which of the merchant's zones an address lies in: what the pool serves from the nearest location.
///
/// Written as `PLACE=ZONE` with commas between, a place as `COUNTRY:REGION/POSTAL`, each part of it optional:
///
///     SG/52=EAST, SG=CITY, MY:Sabah=BORNEO, MY=WEST
///
/// A region is a state, province or city by any name that the channel has for it, a postal part the beginning of the
/// code. Of the rules that match, the one with the longest postal part counts, then one with a region, then one with a
/// country.
public struct ZoneMap: Equatable, Sendable {
  public static let maximumRules = 1_000

  struct Rule: Hashable, Sendable {
    var country: String
    var region: String
    var postal: String
    var zone: Zone

    /// The more specific, the later.
    fileprivate var weight: (Int, Int, Int) {
      (postal.utf8.count, region.isEmpty ? 0 : 1, country.isEmpty ? 0 : 1)
    }
  }

  /// The most specific first.
  private(set) var rules: [Rule] = []

  public init() {}

  /// Nil for what is not written so, and for two zones of one place.
  public init?(_ text: String) {
    let entries = text.split(separator: ",", omittingEmptySubsequences: false)
    guard entries.count <= Self.maximumRules else { return nil }
    if entries.count == 1, Self.trimmed(entries[0]).isEmpty { return }
    for entry in entries {
      guard let rule = Self.rule(entry) else { return nil }
      let isKnown = rules.contains {
        ($0.country, $0.region, $0.postal) == (rule.country, rule.region, rule.postal)
      }
      guard !isKnown else { return nil }
      rules.append(rule)
    }
    rules.sort { $1.weight < $0.weight }
  }

  private static func rule(_ text: Substring) -> Rule? {
    let sides = text.split(separator: "=", omittingEmptySubsequences: false)
    guard sides.count == 2, let zone = try? Zone(trimmed(sides[1])) else { return nil }
    let place = sides[0].split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let land = place[0].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let rule = Rule(
      country: folded(land[0]), region: land.count > 1 ? folded(land[1]) : "",
      postal: place.count > 1 ? postal(place[1]) : "", zone: zone)
    return rule.weight > (0, 0, 0) ? rule : nil
  }

  public var isEmpty: Bool { rules.isEmpty }

  public func zone(country: String, regions: [String], postalCode: String) -> Zone? {
    guard !rules.isEmpty else { return nil }
    let (country, code) = (Self.folded(country[...]), Self.postal(postalCode[...]))
    let regions = Set(regions.map { Self.folded($0[...]) })
    return rules.first { rule in
      (rule.country.isEmpty || rule.country == country)
        && (rule.region.isEmpty || regions.contains(rule.region)) && code.hasPrefix(rule.postal)
    }?.zone
  }

  private static func trimmed(_ text: Substring) -> String {
    let rest = text.drop { $0 == " " }
    return String(rest.reversed().drop { $0 == " " }.reversed())
  }

  private static func folded(_ text: Substring) -> String { trimmed(text).lowercased() }

  /// `sw1a 1aa` is `SW1A1AA`.
  private static func postal(_ text: Substring) -> String {
    text.filter { $0 != " " && $0 != "-" }.uppercased()
  }
}
