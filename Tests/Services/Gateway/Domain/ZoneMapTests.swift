import Primitives
import Testing

@testable import GatewayDomain

@Suite struct ZoneMapTests {
  private let text =
    "SG/52=EAST, SG/520=TAMPINES,SG=CITY,MY:Sabah=BORNEO,MY:kota kinabalu/88=KK,MY=WEST,/SW1A=WM"

  @Test(
    arguments: [
      ("SG", [], "528123", "EAST"), ("SG", [], "520111", "TAMPINES"), ("sg", [], "018956", "CITY"),
      ("SG", [], "", "CITY"), ("MY", ["Sabah", "SBH"], "88000", "BORNEO"),
      ("MY", ["SABAH", "Kota Kinabalu"], "88000", "KK"),
      ("MY", ["Kota Kinabalu"], "50000", "WEST"), ("MY", [], "88000", "WEST"),
      ("GB", ["England"], "sw1a 1aa", "WM"), ("", [], "SW1A-1AA", "WM"),
      ("TH", ["Bangkok"], "10110", nil), ("", [], "", nil), ("", ["Sabah"], "", nil),
    ] as [(String, [String], String, String?)])
  func mostSpecificRuleCounts(
    country: String, regions: [String], postalCode: String, zone: String?
  ) throws {
    let map = try #require(ZoneMap(text))
    #expect(
      map.zone(country: country, regions: regions, postalCode: postalCode)?.text == zone)
  }

  @Test func orderOfTheRulesDoesNotCount() throws {
    let map = try #require(ZoneMap(text))
    let reversed = try #require(
      ZoneMap(text.split(separator: ",").reversed().joined(separator: ",")))
    for code in ["520111", "528123", "018956", ""] {
      let zones = [map, reversed].map { $0.zone(country: "SG", regions: [], postalCode: code) }
      #expect(zones[0] == zones[1])
    }
  }

  @Test(
    arguments: [
      "SG", "SG=", "=X", "/=X", ":=X", "SG=A=B", "SG=A,", ",", "SG=A,sg=B", "SG/52=A,SG/5 2=B",
      "SG=\u{7}", "SG=" + String(repeating: "z", count: 33),
      (0...1_000).map { "SG/\($0)=A" }.joined(separator: ","),
    ])
  func whatIsNotWrittenSoIsRefused(text: String) {
    #expect(ZoneMap(text) == nil)
  }

  @Test(arguments: ["", " "])
  func nothingIsNoZones(text: String) throws {
    let map = try #require(ZoneMap(text))
    #expect(map.isEmpty && map.zone(country: "SG", regions: [], postalCode: "52") == nil)
  }

  /// Goal: of an order's snapshots the newest says where its customer is, whatever order they come in.
  @Test func newestSnapshotSaysTheZone() {
    func snapshot(_ seconds: Int64, _ zone: String?) -> OrderSnapshot {
      OrderSnapshot(
        state: .open, updateTime: Timestamp(seconds: seconds), saleTime: Timestamp(seconds: 1),
        lines: [], zone: zone.map { Zone(trusted: $0) })
    }
    let cases: [([(Int64, String?)], String?)] = [
      ([(1, nil), (2, "EAST")], "EAST"), ([(1, "EAST"), (2, nil)], nil),
      ([(1, "EAST"), (2, "WEST")], "WEST"), ([(1, "EAST"), (1, "WEST")], "WEST"),
      ([(1, nil), (1, "EAST")], "EAST"),
    ]
    for (snapshots, zone) in cases {
      for order in [snapshots, snapshots.reversed()] {
        var record = OrderRecord(snapshot(order[0].0, order[0].1))
        for (seconds, text) in order.dropFirst() { _ = record.merge(snapshot(seconds, text)) }
        #expect(record.zone?.text == zone, "\(order)")
      }
    }
  }
}
