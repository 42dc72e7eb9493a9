import Primitives
import ReturnsAPI
import Testing

/// Goal: lists and watches show every return once and as it stands.
@Suite struct ListAndWatchTests {
  /// Goal: a page of large returns is a message that may be sent.
  @Test func pageOfLargeReturnsIsShort() async throws {
    let bench = try Bench()
    let long = String(repeating: "x", count: 110)
    for number in 0..<3 {
      try await bench.create(
        Bench.order("\(number)", (0..<7000).map { ("\(long)\($0)", "TEE", 1, long) }))
    }
    let page = try await bench.client.listReturns(ListReturnsRequest(pageSize: 1000))
    #expect(page.returnOrders.count == 1 && !page.nextPageToken.isEmpty)
    #expect(try await bench.allReturns(ListReturnsRequest(pageSize: 1000)).count == 3)
  }

  @Test func returnsArePagedOldestFirst() async throws {
    let bench = try Bench()
    bench.fulfilment.know("shop/1", [("a", "TEE", 1000, 0)])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<5 {
        group.addTask {
          for number in 0..<500 {
            try await bench.create(
              Bench.order(
                "\(lane)-\(number)", of: lane == 0 && number < 20 ? "shop/1" : "",
                [("1", "TEE", 1, "")]))
          }
        }
      }
      try await group.waitForAll()
    }
    try await bench.receive("1-7")
    let all = try await bench.allReturns(ListReturnsRequest(pageSize: 333))
    #expect(all.count == 2500 && Set(all.map(\.returnID)).count == 2500)
    #expect(try await bench.allReturns(ListReturnsRequest(pageSize: 5000)) == all)
    for lane in 0..<5 {
      let numbers = all.map(\.returnID).filter { $0.hasPrefix("\(lane)-") }
      #expect(numbers == (0..<500).map { "\(lane)-\($0)" })
    }
    let ofOrder = try await bench.allReturns(ListReturnsRequest(orderID: "shop/1", pageSize: 7))
    #expect(ofOrder.count == 20)
    #expect(try await bench.allReturns(ListReturnsRequest(accountID: "shop")) == ofOrder)
    let received = try await bench.allReturns(ListReturnsRequest(state: .received))
    #expect(received.map(\.returnID) == ["1-7"])
    let token = try await bench.client.listReturns(ListReturnsRequest(pageSize: 1)).nextPageToken
    let refused = await refusal {
      try await bench.client.listReturns(ListReturnsRequest(accountID: "shop", pageToken: token))
    }
    #expect(refused == "INVALID_ARGUMENT/PAGE_TOKEN_INVALID field=page_token")
  }

  /// Method: random changes, and a watcher that leaves at random and resumes.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func watcherThatIsCutOffMissesNothing(seed: UInt64) async throws {
    let bench = try Bench()
    let writer = Task {
      var random = SeededRandom(seed: seed)
      for _ in 0..<150 {
        let id = "\(Int.random(in: 0..<20, using: &random))"
        _ = await refusal {
          switch Int.random(in: 0..<5, using: &random) {
          case 0, 1: try await bench.create(Bench.order(id, [("1", "TEE", 1, "")]))
          case 2: try await bench.receive(id)
          case 3: try await bench.cancel(id)
          default: try await bench.inspect(id, [("1", [(.restock, 1)])])
          }
        }
      }
      try await bench.create(Bench.order("end", [("1", "TEE", 1, "")]))
    }
    var random = SeededRandom(seed: seed &+ 1)
    var held: [String: ReturnOrder] = [:]
    var sequence: Int64 = 0
    while held["end"] == nil {
      var left = Int.random(in: 1...25, using: &random)
      for try await message in bench.client.watchReturns(
        WatchReturnsRequest(afterSequence: sequence))
      {
        if let order = message.returnOrder {
          #expect(message.sequence > sequence && order.sequence == message.sequence)
          held[order.returnID] = order
        }
        #expect(message.sequence >= sequence, "seed \(seed)")
        sequence = message.sequence
        left -= 1
        if left == 0 || held["end"] != nil { break }
      }
    }
    try await writer.value
    let all = try await bench.allReturns()
    #expect(
      held.values.sorted { $0.returnID < $1.returnID } == all.sorted { $0.returnID < $1.returnID },
      "seed \(seed)")
  }

  @Test func watchErrors() async throws {
    let bench = try Bench()
    func watch(_ sequence: Int64) async -> String {
      await refusal {
        for try await _ in bench.client.watchReturns(WatchReturnsRequest(afterSequence: sequence)) {
          break
        }
      }
    }
    #expect(await watch(0) == "OK")
    #expect(await watch(5) == "OUT_OF_RANGE/SEQUENCE_UNKNOWN sequence=5")
    #expect(await watch(-5) == "INVALID_ARGUMENT/INVALID_REQUEST field=after_sequence")
  }
}
