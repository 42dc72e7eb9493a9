import Primitives
import Testing

@testable import PoolDomain

@Suite struct BufferTests {
  /// The order in which scopes win, each step by taking the winner away.
  @Test func scopesWinInTheirOrder() throws {
    try check(
      onHand: 100,
      """
      group TEE shirts                                   -> ok
      buffer units=1                                     -> ok  ats%shopee 99
      buffer channel=shopee units=2                      -> ok  ats%shopee 98  ats%till 99
      buffer group=shirts units=3                        -> ok  ats%shopee 97  ats%till 97
      buffer group=shirts channel=shopee units=4         -> ok  ats%shopee 96  ats%till 97
      buffer sku=TEE units=5                             -> ok  ats%shopee 95  ats%till 95
      buffer sku=TEE channel=shopee units=6              -> ok  ats%shopee 94  ats%till 95
      buffer sku=TEE channel=shopee listing=L units=7    -> ok  ats%shopee 94  ats%shopee%L 93
      buffer sku=TEE channel=till listing=L units=0      -> ok  ats%till%L 100  ats%shopee%L 93
      buffer sku=TEE channel=shopee listing=L            -> ok  ats%shopee%L 94
      buffer sku=TEE channel=shopee                      -> ok  ats%shopee 95
      buffer sku=TEE                                     -> ok  ats%shopee 96
      group TEE hats                                     -> ok  ats%shopee 98  ats%till 99
      group TEE shirts                                   -> ok  ats%shopee 96
      buffer group=shirts channel=shopee                 -> ok  ats%shopee 97
      buffer group=shirts                                -> ok  ats%shopee 98
      buffer channel=shopee                              -> ok  ats%shopee 99
      buffer                                             -> ok  ats%shopee 100
      """
    )
  }

  @Test(
    arguments: [
      // margin, available, hidden
      (.basisPoints(1000), 3, nil, 5, 3), (.basisPoints(1000), 3, nil, 100, 10),
      (.basisPoints(1000), 0, 4, 100, 4), (.basisPoints(1000), 0, 4, 10, 1),
      (.basisPoints(1000), 2, 2, 1000, 2), (.basisPoints(1000), 3, nil, 0, 3),
      (.basisPoints(1000), 3, nil, -5, 3), (.units(1), 0, nil, 5, 1),
      (.tiers(threshold: 50, above: 10, below: 2), 0, nil, 50, 10),
      (.tiers(threshold: 50, above: 10, below: 2), 0, nil, 49, 2),
      (.tiers(threshold: 50, above: 10, below: 2), 0, nil, -1, 2),
      (.tiers(threshold: 50, above: 0, below: 20), 0, nil, 60, 0),
      (.tiers(threshold: 0, above: 1, below: 2), 0, nil, 0, 1),
    ] as [(Buffer.Margin, Quantity, Quantity?, Quantity, Quantity)])
  func marginWithinItsBounds(
    margin: Buffer.Margin, least: Quantity, most: Quantity?, available: Quantity, hidden: Quantity
  ) {
    let buffer = Buffer(scope: Buffer.Scope(), margin: margin, least: least, most: most)
    #expect(buffer.hidden(of: available) == hidden)
    #expect(buffer.left(of: available) == available - hidden)
  }

  @Test func capWithoutAMarginHidesNothing() {
    let buffer = Buffer(scope: Buffer.Scope(), margin: nil, cap: 5)
    #expect(buffer.hidden(of: 9) == 0 && buffer.left(of: 9) == 5 && buffer.left(of: 3) == 3)
  }

  @Suite struct Time {
    /// A rule begins and ends by the clock, and hands over to the one behind it.
    @Test func ruleCountsInItsWindow() throws {
      try check(
        onHand: 100,
        """
        buffer units=1                               -> ok  ats%shopee 99
        buffer name=peak units=20 from=60 until=120  -> ok  ats%shopee 99
        wait 59                                      -> ok  ats%shopee 99
        wait 1                                       -> ok  ats%shopee 80
        hold h-1 81 on=shopee until=9                -> short:80/81
        wait 59                                      -> ok  ats%shopee 80
        wait 1                                       -> ok  ats%shopee 99
        hold h-2 99 on=shopee until=9                -> held
        """
      )
    }

    @Test func windowsOfOneScopeByTheirBeginning() throws {
      try check(
        onHand: 100,
        """
        buffer units=1                        -> ok
        buffer name=week units=2 until=1000   -> ok  ats%shopee 98
        buffer name=day units=3 from=10       -> ok  ats%shopee 98
        buffer name=a units=4 from=20         -> ok
        buffer name=b units=5 from=20         -> ok
        wait 10                               -> ok  ats%shopee 97
        wait 10                               -> ok  ats%shopee 96
        buffer name=a                         -> ok  ats%shopee 95
        buffer name=b                         -> ok  ats%shopee 97
        buffer name=day                       -> ok  ats%shopee 98
        wait 980                              -> ok  ats%shopee 99
        """
      )
    }

    /// A window of a wider scope does not beat the rule of a narrower one.
    @Test func scopeGoesBeforeTime() throws {
      try check(
        onHand: 100,
        """
        buffer sku=TEE units=1                  -> ok
        buffer name=peak units=20 until=60      -> ok  ats%shopee 99
        buffer sku=TEE name=peak units=9 from=5 -> ok  ats%shopee 99
        wait 5                                  -> ok  ats%shopee 91
        """
      )
    }

    /// The moment itself is told, with whom it is for, and the pool says when the next one comes.
    @Test func turnIsTold() throws {
      let machine = try Script(onHand: 10)
      let start = machine.now
      try machine.run(
        script: """
          group CAP hats                                      -> ok
          buffer name=all units=1 from=10 until=40            -> ok
          buffer sku=TEE name=tee units=2 from=20             -> ok
          buffer group=hats name=hats units=3 from=30         -> ok
          """, sourceLocation: #_sourceLocation)
      let pool = machine.pool
      #expect(Set(pool.takeChanges().turned) == [nil, SKUIndex(0), SKUIndex(1)])
      let steps: [(Int64, Int64?, [SKUIndex?])] = [
        (9, 10, []), (10, 20, [nil]), (15, 20, []), (20, 30, [SKUIndex(0)]),
        (30, 40, [SKUIndex(1)]), (50, nil, [nil]), (60, nil, []),
      ]
      for (seconds, next, turned) in steps {
        pool.advance(to: start + .seconds(seconds))
        #expect(pool.takeChanges().turned == turned, "after \(seconds) s")
        #expect(pool.nextMoment == next.map { start + .seconds($0) }, "after \(seconds) s")
      }
    }

    @Test func rulesOfAScopeAreBounded() throws {
      let machine = try Script()
      for number in 0..<Limits.buffersInScope {
        _ = try machine.run(["buffer", "name=n\(number)", "units=1"])
      }
      #expect(throws: PoolError.tooManyBuffers) {
        try machine.run(["buffer", "name=more", "units=1"])
      }
      _ = try machine.run(["buffer", "name=n3", "units=2"])
      _ = try machine.run(["buffer", "name=n3"])
      _ = try machine.run(["buffer", "name=more", "units=1"])
      _ = try machine.run(["buffer", "sku=TEE", "name=more", "units=1"])
    }

    @Test func tableForgetsWhatIsRemoved() throws {
      let sku = SKUIndex(0)
      let channel = try ChannelID("shopee")
      let listing = try ListingID("L")
      var table = BufferTable()
      let scopes = [
        Buffer.Scope(), Buffer.Scope(group: try SKUGroup("g")),
        Buffer.Scope(sku: sku, channel: channel, listing: listing),
      ]
      func buffer(_ scope: Buffer.Scope, _ margin: Buffer.Margin?) -> Buffer {
        Buffer(scope: scope, margin: margin, endTime: Timestamp(seconds: 5))
      }
      for scope in scopes {
        table.set(buffer(scope, .demand(lag: .seconds(1), factor: 1)))
        table.set(buffer(scope, .demand(lag: .seconds(2), factor: 1)))
      }
      #expect(table.hasGroups && table.followsDemand && table.all.count == 3)
      #expect(table.listings(of: sku, on: channel) == [listing])
      #expect(table.listings(of: sku, on: try ChannelID("till")).isEmpty)
      #expect(table.nextMoment(after: .zero) == Timestamp(seconds: 5))
      for scope in scopes { table.set(buffer(scope, nil)) }
      #expect(table == BufferTable())
    }
  }

  @Suite struct LastUnitsLock {
    @Test func oneChannelAloneShowsThem() throws {
      try check(
        onHand: 10,
        """
        last 3 till sku=TEE       -> ok  ats%shopee 7  ats%till 10  ats 7
        hold h-1 8 on=shopee      -> short:7/8
        hold h-2 7 on=shopee      -> held  ats%shopee 0  ats%till 3
        hold h-3 3 on=till        -> held  ats%till 0
        release h-2               -> released  ats%shopee 4  ats%till 7
        last 0 till sku=TEE       -> ok  ats%shopee 7
        last 0 till sku=TEE       -> ok
        last 1 till sku=NONE      -> skuUnknown
        """
      )
    }

    @Test func mostSpecificLockCounts() throws {
      try check(
        onHand: 10,
        """
        group TEE shirts          -> ok
        last 1 till               -> ok  ats%shopee 9  ats%till 10
        last 2 lazada group=shirts -> ok  ats%shopee 8  ats%till 8  ats%lazada 10
        last 3 till sku=TEE       -> ok  ats%shopee 7  ats%till 10  ats%lazada 7
        last 0 till sku=TEE       -> ok  ats%lazada 10
        last 0 lazada group=shirts -> ok  ats%shopee 9
        """
      )
    }

    /// A buffer does not add to the lock, nor does a rule of the channel's own open it.
    @Test func lockAndBufferEachBind() throws {
      try check(
        """
        receive 6@A 4@B                          -> ok
        last 3 till                              -> ok  ats%shopee 7
        buffer sku=TEE channel=shopee units=2    -> ok  ats%shopee 7
        buffer sku=TEE channel=shopee units=5    -> ok  ats%shopee 5
        buffer sku=TEE channel=shopee cap=9      -> ok  ats%shopee 7
        buffer sku=TEE channel=shopee            -> ok
        feed shopee ranked by=B                  -> ok  ats%shopee 4  ats%till 10
        sell o-1 5 on=till                       -> ok  ats%shopee 2
        sell o-2 4 on=till                       -> ok  ats%shopee 0
        """
      )
    }
  }
}
