import Primitives
import Testing

@testable import PoolDomain

/// Scripts with a KIT of two TEEs and a CAP, and a BIG of two KITs and a CAP.
@Suite struct BundleTests {
  private func checkKit(
    _ script: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try check(
      onHand: 10, moreSKUs: ["KIT", "BIG"],
      """
      receive 4:CAP           -> ok
      bundle KIT 2 1:CAP      -> bundle   available:KIT 4
      \(script)
      """, sourceLocation: sourceLocation)
  }

  @Test func thereAreAsManyAsComponentsMake() throws {
    try checkKit(
      """
      sell o-1 5              -> ok       available 5   available:KIT 2
      receive 9               -> ok       available:KIT 4
      sell o-2 6:CAP          -> ok       available:CAP -2  available:KIT -2
      bundle BIG 2:KIT 1:CAP  -> bundle   available:BIG -1
      receive 20:CAP          -> ok       available:BIG 3
      bundle BIG              -> ordinary available:BIG 0
      """)
  }

  @Test func saleMovesComponents() throws {
    try checkKit(
      """
      sell o-1 3:KIT 1        -> ok       available 3    committed 7   committed:CAP 3   available:KIT 1
      sell o-1 3:KIT 1        -> unchanged
      sell o-1 4:KIT          -> ok       committed 9    committed:CAP 4
      sell o-1 3:KIT          -> lineConflict
      sell o-1 4:TEE          -> lineConflict
      cancel o-1 1            -> ok       committed 7    committed:CAP 3
      cancel o-1 1            -> unchanged
      cancel o-1 5            -> saleShipped:3
      ship o-1 2              -> ok       onHand 6   onHand:CAP 2   shipped 4
      ship o-1 4              -> notCommitted:1
      ship o-1 3 1            -> ok       onHand 3   onHand:CAP 1   committed 0  committed:CAP 0
      return restock 1:KIT o-1 1     -> ok   onHand 5   onHand:CAP 2   returned 2
      return restock 1:CAP o-1 1     -> ok   onHand:CAP 3  returned:CAP 2
      """)
  }

  @Test func holdTakesNoNameOfABundlesLine() throws {
    try checkKit(
      """
      sell o-1 1:KIT          -> ok            committed 2
      hold r-1 3              -> held
      commit r-1 o-1          -> lineTaken     held 3   committed 2
      commit r-1 o-2          -> committed     committed 5
      """)
  }

  @Test func shortageIsOfAComponent() throws {
    try checkKit(
      """
      try o-1 5:KIT           -> short:4/5     committed 0
      try o-1 4:KIT 3         -> short:10/11   committed 0
      try o-1 4:KIT 2         -> ok            available 0
      sell o-2 1:KIT          -> ok oversold 3 available -2
      """)
  }

  @Test func holdSetsComponentsAside() throws {
    try checkKit(
      """
      hold h-1 2:KIT          -> held          held 4   held:CAP 2   available:KIT 2
      hold h-1 2:KIT          -> unchanged held
      hold h-2 3:KIT          -> short:2/3     held 4
      hold h-3 9              -> short:6/9
      commit h-1              -> committed     committed 4   committed:CAP 2   held 0
      hold h-4 1:KIT until=5  -> held
      wait 5                  -> ok            held 0    available:KIT 2
      """)
  }

  /// Goal: a definition that changes, or ends, changes nothing of what was sold before.
  @Test func salesKeepWhatTheySold() throws {
    try checkKit(
      """
      sell o-1 2:KIT          -> ok            committed 4   committed:CAP 2
      bundle KIT 1            -> bundle
      sell o-1 3:KIT          -> ok            committed 6   committed:CAP 3
      sell o-2 1:KIT          -> ok            committed 7   committed:CAP 3
      cancel o-1 1            -> ok            committed 5   committed:CAP 2
      bundle KIT              -> ordinary
      ship o-1 2              -> ok            shipped 4     shipped:CAP 2
      return restock 2:KIT o-1 1  -> ok        returned 4    returned:CAP 2   onHand:KIT 0
      receive 5:KIT           -> ok            available:KIT 5
      sell o-1 4:KIT          -> ok            committed 3   committed:CAP 1  available:KIT 5
      """)
  }

  @Test func bundleHasNoStock() throws {
    try checkKit(
      """
      receive 1:KIT           -> bundle:noStock
      adjust 1:KIT            -> bundle:noStock
      po P 1:KIT              -> bundle:noStock
      transfer T A B 1:KIT    -> bundle:noStock
      count C A KIT           -> bundle:noStock
      receive 1:BIG           -> ok
      count C A               -> open
      report C r-1 1:KIT      -> bundle:noStock
      bundle CAP 1            -> bundle:hasStock
      bundle BIG 1            -> bundle:hasStock
      adjust -1:BIG           -> ok
      bundle BIG 1            -> bundle:inDocument
      drop C                  -> cancelled
      bundle BIG 1            -> bundle
      return restock 1:KIT    -> ok            onHand 12  onHand:CAP 5  onHand:KIT 0
      """)
  }

  @Test func nothingIsAPartOfItself() throws {
    try checkKit(
      """
      bundle KIT 1:KIT        -> bundle:cycle
      bundle BIG 1:KIT 1      -> bundle
      bundle KIT 1:BIG        -> bundle:cycle
      bundle KIT 1 1:BIG      -> bundle:cycle  available:BIG 3
      bundle BIG 1            -> bundle        available:BIG 10
      bundle KIT 1:BIG 1:CAP  -> bundle        available:KIT 4
      bundle BIG 1:KIT        -> bundle:cycle
      bundle BIG 1:NONE       -> skuUnknown
      bundle NONE 1           -> skuUnknown
      """)
  }

  @Test func bundlesAreBounded() throws {
    let machine = try Script(onHand: 1, moreSKUs: ["KIT", "BIG", "HUGE"])
    for line in ["bundle KIT 1000", "bundle BIG 1:KIT"] { _ = try machine.run(line.words) }
    try machine.run(
      script: """
        bundle BIG 2:KIT         -> bundle:tooLarge
        bundle BIG 1:KIT 1       -> bundle:tooLarge
        bundle HUGE 1:BIG        -> bundle
        bundle KIT 10            -> bundle
        bundle BIG 100:KIT       -> bundle
        bundle KIT 11            -> bundle:tooLarge
        """, sourceLocation: #_sourceLocation)
    let table = machine.pool.bundles
    let huge = try #require(machine.pool.index(of: SKU("HUGE")))
    #expect(table.components(of: huge) == [.init(sku: SKUIndex(0), units: 1_000)])
  }

  @Test func callerSeesBundles() throws {
    let machine = try Script(onHand: 10, moreSKUs: ["KIT"])
    for line in ["receive 2:CAP", "bundle KIT 2 1:CAP", "sell o-1 1 3:KIT=k"] {
      _ = try machine.run(line.words)
    }
    let sale = try #require(machine.pool.sales[OrderID(trusted: "o-1")])
    #expect(sale.callersLines.map(\.id) == ["1", "k"])
    let line = try #require(sale.callersLine("k"))
    #expect(line.sold == 3 && line.oversold == 1 && line.open == 3)
    #expect(line.components.map(\.sold) == [6, 3] && line.components.map(\.oversold) == [0, 1])
    #expect(
      machine.entries.last?.movements.map { SaleBundle.callersLineID($0.lineID) } == [
        "1", "k", "k",
      ])
    // One entry for all of it, with what was in the bundle.
    #expect(machine.entries.last?.details.bundles.count == 1 && machine.entries.count == 3)
  }

  /// Goal: taking bundles apart is the same whatever the order in which they were defined.
  @Test func definitionsComeInAnyOrder() {
    let all = [
      Bundle(
        sku: SKUIndex(2),
        parts: [.init(sku: SKUIndex(0), units: 2), .init(sku: SKUIndex(1), units: 1)],
        updateTime: .zero, revision: 1),
      Bundle(
        sku: SKUIndex(3),
        parts: [.init(sku: SKUIndex(2), units: 2), .init(sku: SKUIndex(1), units: 1)],
        updateTime: .zero, revision: 1),
      Bundle(
        sku: SKUIndex(4),
        parts: [.init(sku: SKUIndex(3), units: 1), .init(sku: SKUIndex(2), units: 1)],
        updateTime: .zero, revision: 1),
    ]
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      var table = BundleTable()
      for number in order { table.set(all[number]) }
      #expect(
        table.components(of: SKUIndex(4)) == [
          .init(sku: SKUIndex(0), units: 6), .init(sku: SKUIndex(1), units: 4),
        ])
      #expect(table.bundles(with: SKUIndex(1)) == [SKUIndex(2), SKUIndex(3), SKUIndex(4)])
      #expect(table.bundles(with: SKUIndex(2)).isEmpty && !table.isEmpty)
    }
  }

  @Test(
    arguments: [
      ([7, 4], 3), ([6, 4], 3), ([-1, 4], -1), ([-2, 4], -1), ([-3, 4], -2), ([100, -5], -5),
    ] as [([Quantity], Quantity)])
  func wholeIsRoundedDown(units: [Quantity], expected: Quantity) {
    let parts = [Bundle.Part(sku: SKUIndex(0), units: 2), Bundle.Part(sku: SKUIndex(1), units: 1)]
    #expect(Bundle.whole(parts) { units[$0.int] } == expected)
  }

  /// Goal: a refusal changes nothing, though the definition was tried.
  @Test func refusedBundleChangesNothing() throws {
    let machine = try Script(moreSKUs: ["KIT", "BIG"])
    _ = try machine.run("bundle KIT 1000".words)
    let before = machine.pool.state
    for line in ["bundle BIG 2:KIT", "bundle KIT 1001", "bundle KIT 1:KIT"] {
      #expect(throws: PoolError.self) { try machine.run(line.words) }
      #expect(machine.pool.state == before)
    }
  }

  /// Goal: what a promotion keeps has stock of its own.
  @Test func bundleIsNoPromotedSKU() throws {
    try check(
      moreSKUs: ["KIT"],
      """
      promotion p regular 2:KIT on=shopee to=100   -> draft
      bundle KIT 2             -> bundle:inPromotion
      stop p                   -> cancelled
      bundle KIT 2             -> bundle
      promotion q regular 2:KIT on=shopee to=100   -> bundle:noStock
      """)
  }

  /// Goal: of many bundles in one sale, each is found.
  @Test func saleOfManyBundles() throws {
    let machine = try Script(onHand: 100, moreSKUs: ["KIT"])
    _ = try machine.run("bundle KIT 1".words)
    let names = (1...2 * Limits.indexedLines).map { "l-\($0)" }
    for count in [Limits.indexedLines, names.count] {
      let lines = names.prefix(count).map { "1:KIT=\($0)" }
      _ = try machine.run(["sell", "o-1"] + lines)
    }
    _ = try machine.run(["ship", "o-1"] + names.map { "1=\($0)" })
    let sale = try #require(machine.pool.sales[try OrderID("o-1")])
    #expect(sale.callersLines.map(\.id) == names)
    #expect(sale.callersLines.allSatisfy { $0.shipped == 1 && $0.sold == 1 })
    #expect(machine.pool.available(SKUIndex(0)) == 100 - Quantity(names.count))
  }

  /// Goal: a hold is no larger for being one of bundles.
  @Test func holdOfBundlesIsBounded() throws {
    let kits = Limits.holdSKUs / Limits.bundleParts
    let parts = (0...kits * Limits.bundleParts).map { "S\($0)" }
    let machine = try Script(moreSKUs: parts + (0...kits).map { "K\($0)" })
    _ = try machine.run(["receive"] + parts.map { "1:\($0)" })
    for kit in 0..<kits {
      let start = kit * Limits.bundleParts
      _ = try machine.run(
        ["bundle", "K\(kit)"] + parts[start..<start + Limits.bundleParts].map { "1:\($0)" })
    }
    _ = try machine.run(["bundle", "K\(kits)", "1:\(parts[kits * Limits.bundleParts])"])
    let all = (0...kits).map { "1:K\($0)" }
    do {
      _ = try machine.run(["hold", "h-1"] + all)
      Issue.record("it has too many SKUs")
    } catch PoolError.holdLimit(let excess) {
      #expect(excess.measure == .skusOfHold && excess.requested == Quantity(Limits.holdSKUs + 1))
    }
    _ = try machine.run(["hold", "h-1"] + all.dropLast())
  }
}
