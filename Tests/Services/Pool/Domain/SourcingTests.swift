import Primitives
import Testing

@testable import PoolDomain

@Suite struct SourcingTests {
  @Test func channelIsFedByItsLocationsOnly() throws {
    try check(
      """
      receive 10@A 5@B           -> ok  ats%shopee 15  ats%till 15
      feed shopee ranked by=B    -> ok  ats%shopee 5   ats%till 15  ats 15
      hold h-1 6 on=shopee       -> short:5/6
      hold h-2 5@B on=shopee     -> held  ats%shopee 0  ats%till 10  held@B 5
      hold h-3 1 on=shopee       -> short:0/1
      hold h-4 10 on=till        -> held  held@A 10  ats%till 0
      release h-2                -> released  ats%shopee 5
      hold h-5 6                 -> short:5/6
      feed shopee ranked         -> ok  ats%shopee 5
      feed shopee                -> ok
      feed shopee                -> ok
      feed shopee ranked by=C    -> locationUnknown
      """
    )
  }

  /// Each channel's own order, and what the lines take there.
  @Test(
    arguments: [
      // strategy, what is at A, B, C, the sale, and where it is taken
      ("ranked", "", "5@A 5@B 5@C", "7 to=south", "1[A=5,B=2]"),
      ("ranked by=C,A", "", "5@A 5@B 5@C", "7", "1[C=5,A=2]"),
      ("ranked by=C,A", "", "5@A 5@B 5@C", "2 7", "1[C=2] 2[C=3,A=4]"),
      ("most", "", "5@A 9@B 6@C", "7", "1[B=7]"),
      ("most", "", "5@A 5@B 5@C", "5", "1[A=5]"),
      ("most", "", "5@A 9@B 6@C", "7 3", "1[B=7] 2[C=3]"),
      ("most by=C,A", "", "5@A 9@B 6@C", "7", "1[C=6,A=1]"),
      ("nearest", "", "5@A 5@B 5@C", "7 to=south", "1[C=5,B=2]"),
      ("nearest", "", "5@A 5@B 5@C", "7 to=north", "1[B=5,C=2]"),
      ("nearest", "", "5@A 5@B 5@C", "7 to=west", "1[A=5,B=2]"),
      ("nearest", "", "5@A 5@B 5@C", "7", "1[A=5,B=2]"),
      ("nearest by=C,A", "", "5@A 5@B 5@C", "7 to=north", "1[C=5,A=2]"),
      ("nearest by=B,A", "", "5@A 5@B 5@C", "1 to=south", "1[B=1]"),
    ])
  func unitsAreTakenAsTheStrategySays(
    strategy: String, unused: String, stock: String, sale: String, taken: String
  ) throws {
    let machine = try Script(locations: [("A", 1), ("B", 2), ("C", 3)])
    try machine.run(
      script: """
        place B rank=2 zones=north,south -> ok
        place C rank=3 zones=south,north -> ok
        receive \(stock)                 -> ok
        feed shopee \(strategy)          -> ok
        sell o-1 \(sale)                 -> ok \(taken)
        """, sourceLocation: #_sourceLocation)
    expectFold(machine.pool, machine.entries)
  }

  /// A sale has happened: what the channel's locations do not have is oversold at one of them, and
  /// units of other locations are left alone.
  @Test func saleIsOversoldAtAFeedingLocation() throws {
    try check(
      locations: [("A", 1), ("B", 2), ("C", 3)],
      """
      receive 10@A 2@B 1@C         -> ok
      feed shopee ranked by=C,B    -> ok  ats%shopee 3
      sell o-1 5                   -> oversold 2  1[C=3,B=2]  available@A 10  available@C -2
      try o-2 1                    -> short:-2/1
      try o-3 1 on=till            -> 1[A=1]
      sell o-4 1                   -> oversold 1  1[C=1]
      sell o-5 3:CAP               -> oversold 3  1[C=3]
      feed shopee nearest by=B,C   -> ok
      place C rank=3 zones=north   -> ok
      sell o-6 1:CAP to=north      -> oversold 1  1[C=1]
      """
    )
  }

  @Test func linesOfOneSaleAreCountedTogether() throws {
    try check(
      """
      receive 4@A 3@B            -> ok
      feed shopee ranked by=B    -> ok
      sell o-1 2 2               -> oversold 1  1[B=2]  2[B=2]  available@A 4
      feed shopee ranked by=A,B  -> ok
      try o-2 2 2                -> short:3/4
      try o-3 1 2@A              -> ok  1[A=1]  2[A=2]
      """
    )
  }

  /// A named location that has no balance yet: its units count for the lines behind it all the same.
  @Test func oversoldLineCountsForTheNext() throws {
    try check(
      locations: [("A", 1), ("B", 2), ("C", 3)],
      """
      receive 4@A 9@C            -> ok
      feed shopee ranked by=A,B  -> ok
      sell o-1 3@B 2             -> oversold 4  1[B=3]  2[A=2]  available@B -3
      """
    )
  }

  @Suite struct ClickAndCollect {
    @Test func unitsOfTheNamedStoreOnly() throws {
      try check(
        """
        place B rank=2 store           -> ok
        receive 10@A 2@B               -> ok
        hold h-1 3@B on=shopee         -> short:2/3      held@A 0
        hold h-2 2@B on=shopee         -> held           held@B 2  held@A 0
        hold h-3 1@B on=shopee         -> short:0/1
        sell o-1 2@B                   -> oversold 2     1[B=2]  committed@A 0
        commit h-2                     -> committed      committed@B 4
        """
      )
    }

    @Test func storeFeedsTheChannelOrOffersPickup() throws {
      try check(
        """
        receive 10@A 5@B               -> ok
        feed shopee ranked by=A        -> ok
        hold h-1 1@B on=shopee         -> notServing:B:shopee
        try o-1 1@B                    -> notServing:B:shopee
        sell o-2 1@B                   -> ok  1[B=1]  ats%shopee 10
        hold h-2 1@B on=till           -> held
        hold h-3 1@B                   -> held
        place B rank=2 store pickup    -> ok
        hold h-4 3@B on=shopee         -> short:2/3
        hold h-5 2@B on=shopee         -> held  ats%shopee 10
        try o-3 1@B                    -> short:0/1
        """
      )
    }

    /// Stock for collection is not the channel's own: each is counted by itself, whatever else is in
    /// the order, and the channel's rule hides its part of both.
    @Test func pickupAndDeliveryAreCountedApart() throws {
      try check(
        """
        receive 4@A 3@B                -> ok
        place B rank=2 store pickup    -> ok
        feed shopee ranked by=A        -> ok
        try o-1 3@B 4                  -> ok  1[B=3]  2[A=4]
        cancel o-1 3 4                 -> ok
        hold h-1 4 4@B on=shopee       -> short:3/4
        buffer channel=shopee units=1  -> ok
        hold h-2 3 3@B on=shopee       -> short:2/3
        hold h-3 3 2@B on=shopee       -> held  held@A 3  held@B 2
        """
      )
    }
  }

  @Suite struct Explained {
    private func placements(_ lines: [String]) throws -> [Placement] {
      let machine = try Script(locations: [("A", 1), ("B", 2), ("C", 3)])
      for line in lines { _ = try machine.run(line.words) }
      return machine.pool.placements
    }

    private func words(_ placement: Placement) -> [String] {
      placement.considered.map {
        "\(["A", "B", "C"][$0.location.int]) \($0.free) \($0.taken) \($0.outcome)"
      }
    }

    @Test func eachLocationAndWhatBecameOfIt() throws {
      let stock = ["receive 5@A 4@B 3@C", "feed shopee most by=A,B"]
      let found = try placements(stock + ["sell o-1 4 3"])
      #expect(found.map(\.line) == [0, 1] && found.map(\.strategy) == [.mostStock, .mostStock])
      #expect(found.map(\.omittedCount) == [0, 0])
      #expect(words(found[0]) == ["A 5 4 taken", "B 4 0 notNeeded", "C 3 0 notFeeding"])
      #expect(words(found[1]) == ["B 4 3 taken", "A 1 0 notNeeded", "C 3 0 notFeeding"])
    }

    @Test func emptyAndOversold() throws {
      let found = try placements([
        "receive 2@A", "feed shopee ranked by=A", "sell o-1 2", "sell o-2 1",
      ])
      #expect(found.map(words) == [["A 0 1 taken"]])
      let nowhere = try placements(["feed shopee ranked by=B", "sell o-1 1"])
      #expect(nowhere.map(words) == [["B 0 1 taken"]])
      let empty = try placements([
        "receive 1@A 1@B", "feed shopee ranked", "sell o-1 1", "sell o-2 1",
      ])
      #expect(empty.map(words) == [["A 0 0 empty", "B 1 1 taken"]])
    }

    @Test func namedLocation() throws {
      let found = try placements(["receive 2@A 2@B", "feed shopee ranked", "sell o-1 1 1@B"])
      #expect(found.map(\.line) == [0, 1] && found.map(\.strategy) == [.ranked, nil])
      #expect(words(found[1]) == ["B 2 1 taken", "A 2 0 notNamed"])
    }

    /// Lines that are known already are not explained, and the others keep their numbers.
    @Test func onlyWhatIsNew() throws {
      let sold = ["receive 9@A", "feed shopee ranked", "sell o-1 1"]
      #expect(try placements(sold + ["sell o-1 1"]).isEmpty)
      #expect(try placements(sold + ["sell o-1 1 2"]).map(\.line) == [1])
      #expect(try placements(sold + ["hold h-1 1 on=shopee", "hold h-1 1 on=shopee"]).isEmpty)
    }

    /// A channel without a sourcing of its own has no strategy to explain, and pays for none.
    @Test func nothingWithoutASourcing() throws {
      #expect(try placements(["receive 1@A 1@B", "sell o-1 2"]).isEmpty)
      #expect(
        try placements(["receive 1@A", "feed shopee ranked", "sell o-1 1", "receive 1"]).isEmpty)
    }

    @Test func boundsOfAnExplanation() throws {
      let pool = Pool()
      _ = try pool.apply(.setSKU(SetSKU(sku: try SKU("TEE"))))
      let locations = try (0..<30).map { try LocationID("L\($0 + 100)") }
      for location in locations {
        _ = try pool.apply(.setLocation(SetLocation(location: location)))
        let line = StockLine(sku: try SKU("TEE"), location: location, quantity: 10)
        _ = try pool.apply(.receive(ReceiveStock(lines: [line])))
      }
      let channel = try ChannelID("shopee")
      _ = try pool.apply(.setSourcing(SetSourcing(channel: channel, strategy: .mostStock)))
      let lines = (0..<250).map {
        DemandLine(lineID: "l-\($0)", sku: SKU(trusted: "TEE"), quantity: 1)
      }
      _ = try pool.apply(
        .recordSale(RecordSale(orderID: try OrderID("o"), channelID: channel, lines: lines)))
      #expect(pool.placements.count == Limits.explainedLines)
      #expect(pool.placements.allSatisfy { $0.considered.count == 20 && $0.omittedCount == 10 })
    }
  }
}
