import ChannelAdapter
import ChannelRegistry
import Testing

/// What a channel cannot do, and why: whatever is not named here, its adapter is tested for. A channel of the registry
/// without an entry fails the suite.
enum ConformanceTable {
  static let gaps: [String: [Scenario: String]] = [
    "shopee": [
      .followsEdit: noEdit, .restocksRefund: noRestock, .comparesFirst: noComparison,
      .tellsPickup: noCounter,
    ],
    "lazada": [
      .answersPing: noPing, .followsEdit: noEdit, .restocksRefund: noRestock,
      .comparesFirst: noComparison,
      .hearsDeauthorisation: "no type tells of it; calls are refused, which is an alert",
      .tellsPickup: noCounter,
    ],
    "tiktok": [
      .answersPing: noPing, .followsEdit: noEdit, .restocksRefund: noRestock,
      .comparesFirst: noComparison,
      .tellsPickup: "a collection point is the courier's affair",
    ],
    "shopify": [
      .refusesWrongKeys: noSignedCalls, .answersPing: noPing, .leavesForeign: noForeign,
      .holdsPromotion: noPromotion, .readsReserved: noPromotion,
    ],
    "woocommerce": [
      .refreshesTokens: "its keys do not end", .leavesForeign: noForeign,
      .holdsPromotion: noPromotion, .readsReserved: noPromotion, .comparesFirst: noComparison,
      .asksForReturn: "it knows refunds and no returns",
      .hearsDeauthorisation: "a key that was revoked is refused at the next call",
    ],
    "square": [
      .refusesWrongKeys: noSignedCalls, .leavesForeign: noForeign, .holdsPromotion: noPromotion,
      .readsReserved: noPromotion, .comparesFirst: "its counts are of a moment instead",
      .asksForReturn: atTheTill, .cancelsOnChannel: "who sold it at the till takes it back there",
      .hearsDeauthorisation: "the event names the merchant and no location",
    ],
    "loyverse": [
      .refusesWrongKeys: noSignedCalls, .cancelsWhole: receipt, .cancelsPart: receipt,
      .followsEdit: receipt, .leavesForeign: noForeign, .holdsPromotion: noPromotion,
      .readsReserved: noPromotion, .comparesFirst: noComparison, .asksForReturn: atTheTill,
      .shipsTwice: receipt, .cancelsOnChannel: receipt,
      .meansRefusedEntry: "a call of levels passes or fails as a whole",
      .hearsDeauthorisation: "it has no such webhook", .tellsPickup: receipt,
    ],
    // A till calls us. What it sends is in PointOfSaleTests and TillTests.
    "till": Dictionary(
      uniqueKeysWithValues: Scenario.allCases.map {
        ($0, "a till calls us and is asked nothing: PointOfSaleTests, TillTests")
      }),
  ]

  private static let noEdit = "a buyer cannot add to an order that was placed"
  private static let noRestock = "goods come back to the seller by a return, which restocks nothing"
  private static let noComparison = "it offers no compare-and-set"
  private static let noPing = "it tries a URL out with events like any other"
  private static let noSignedCalls = "its calls carry a token and no signature"
  private static let noForeign = "it has no warehouse of its own that ships"
  private static let noPromotion = "it sets nothing aside for promotions"
  private static let noCounter = "what collection in store asks of the seller is not documented"
  private static let atTheTill = "goods come back at the till, with the refund"
  private static let receipt = "a receipt is final: it is refunded"

  /// The channels that are asked for something.
  static func able(_ scenario: Scenario) -> [String] {
    gaps.keys.filter { gaps[$0]?[scenario] == nil }.sorted()
  }
}

@Suite struct ConformanceTableTests {
  @Test func everyChannelOfTheRegistryIsAskedOrExcused() {
    #expect(everyChannel.map(\.channelID.text).sorted() == ConformanceTable.gaps.keys.sorted())
  }

  @Test func everyScenarioIsAskedOfSomebody() {
    for scenario in Scenario.allCases { #expect(!ConformanceTable.able(scenario).isEmpty) }
    for (_, reason) in ConformanceTable.gaps.values.joined() { #expect(reason.count > 15) }
  }

  /// Goal: an excuse does not outlive what it excuses.
  @Test func excusesAreTrue() {
    for adapter in everyChannel {
      let gaps = ConformanceTable.gaps[adapter.channelID.text] ?? [:]
      let abilities: [(Scenario, Bool)] = [
        (.pollsOrders, adapter is any OrderPolling),
        (.cancelsOnChannel, adapter is any OrderCancelling),
        (.readsReserved, adapter is any ReservedStockReading),
        (.comparesFirst, adapter.traits.comparesStock),
        (.tellsPickup, adapter is any PickupTelling),
      ]
      for (scenario, isAble) in abilities {
        #expect((gaps[scenario] == nil) == isAble, "\(adapter.channelID) \(scenario)")
      }
    }
  }
}
