import FulfilmentAPI
import Primitives
import Testing

/// Goal: lists and watches show every order once and as it stands.
@Suite struct ListAndWatchTests {
  /// Goal: a page of large orders is a message that may be sent.
  @Test func pageOfLargeOrdersIsShort() async throws {
    let bench = try Bench()
    let title = String(repeating: "x", count: 500)
    for number in 0..<3 {
      var order = Bench.order("\(number)", (0..<3500).map { ("l\($0)", "TEE", 1) })
      for index in order.lines.indices { order.lines[index].title = title }
      try await bench.create(order)
    }
    let page = try await bench.client.listOrders(ListOrdersRequest(pageSize: 1000))
    #expect(page.orders.count == 1 && !page.nextPageToken.isEmpty)
    #expect(try await bench.allOrders(ListOrdersRequest(pageSize: 1000)).count == 3)
  }

  @Test func ordersArePagedOldestFirst() async throws {
    let bench = try Bench()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<5 {
        group.addTask {
          for number in 0..<500 {
            let id = "\(lane)-\(number)"
            var order = Bench.order(id, [("a", "TEE", 1)])
            order.accountID = lane == 0 ? "shop0" : "shop"
            order.orderID = "\(order.accountID)/\(id)"
            try await bench.create(order)
          }
        }
      }
      try await group.waitForAll()
    }
    try await bench.bring("shop0/0-7", to: .picked)
    let all = try await bench.allOrders(ListOrdersRequest(pageSize: 333))
    #expect(all.count == 2500 && Set(all.map(\.orderID)).count == 2500)
    let created = all.map { $0.orderID == "shop0/0-7" ? 0 : $0.sequence }.filter { $0 > 0 }
    #expect(created == created.sorted(), "a change does not move an order in the list")
    #expect(try await bench.allOrders(ListOrdersRequest(pageSize: 5000)) == all)
    let first = try await bench.client.listOrders(ListOrdersRequest(pageSize: 5000)).orders.count
    #expect(first == 1000)
    #expect(try await bench.client.listOrders(ListOrdersRequest()).orders.count == 50)
    let ofShop0 = try await bench.allOrders(ListOrdersRequest(accountID: "shop0", pageSize: 99))
    #expect(ofShop0.count == 500 && ofShop0.allSatisfy { $0.accountID == "shop0" })
    let picked = try await bench.allOrders(ListOrdersRequest(state: .picked))
    #expect(picked.map(\.orderID) == ["shop0/0-7"])
  }

  @Test func listErrors() async throws {
    let bench = try Bench()
    for number in 0..<3 { try await bench.create(Bench.order("\(number)", [("a", "TEE", 1)])) }
    let token = try await bench.client.listOrders(ListOrdersRequest(pageSize: 1)).nextPageToken
    for request in [
      ListOrdersRequest(pageToken: "x"), ListOrdersRequest(state: .picked, pageToken: token),
      ListOrdersRequest(accountID: "shop", pageToken: token),
    ] {
      #expect(
        await refusal { try await bench.client.listOrders(request) }
          == "INVALID_ARGUMENT/PAGE_TOKEN_INVALID field=page_token")
    }
    #expect(
      await wrongFields { try await bench.client.listOrders(ListOrdersRequest(pageSize: -1)) }
        == "page_size")
    #expect(
      await wrongFields {
        try await bench.client.listOrders(ListOrdersRequest(state: .unrecognized(77)))
      } == "state")
  }

  /// Method: random changes, and a watcher that leaves at random, over a restart too, and resumes.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func watcherThatIsCutOffMissesNothing(seed: UInt64) async throws {
    let bench = try Bench()
    let writer = Task {
      var random = SeededRandom(seed: seed)
      for _ in 0..<150 {
        let id = "\(Int.random(in: 0..<10, using: &random))"
        _ = await refusal {
          switch Int.random(in: 0..<4, using: &random) {
          case 0:
            let quantity = Int64.random(in: 1...9, using: &random)
            try await bench.create(Bench.order(id, [("a", "TEE", quantity)]))
          case 1: try await bench.bring("shop/\(id)", to: .picked)
          case 2: try await bench.bring("shop/\(id)", to: .packed)
          default:
            _ = try await bench.client.cancelOrder(CancelOrderRequest(orderID: "shop/\(id)"))
          }
        }
      }
      try await bench.create(Bench.order("end", [("a", "TEE", 1)]))
    }
    var random = SeededRandom(seed: seed &+ 1)
    var held: [String: Order] = [:]
    var sequence: Int64 = 0
    while held["shop/end"] == nil {
      var left = Int.random(in: 1...25, using: &random)
      for try await message in bench.client.watchOrders(WatchOrdersRequest(afterSequence: sequence))
      {
        if let order = message.order {
          #expect(message.sequence > sequence && order.sequence == message.sequence)
          held[order.orderID] = order
        }
        #expect(message.sequence >= sequence, "seed \(seed)")
        sequence = message.sequence
        left -= 1
        if left == 0 || held["shop/end"] != nil { break }
      }
    }
    try await writer.value
    let all = try await bench.allOrders()
    #expect(
      held.values.sorted { $0.orderID < $1.orderID } == all.sorted { $0.orderID < $1.orderID },
      "seed \(seed)")
  }

  @Test func watchResumesAfterARestart() async throws {
    var bench = try Bench()
    for number in 0..<3 { try await bench.create(Bench.order("\(number)", [("a", "TEE", 1)])) }
    bench = try await bench.restarted()
    try await bench.create(Bench.order("3", [("a", "TEE", 1)]))
    var got: [String] = []
    for try await message in bench.client.watchOrders(WatchOrdersRequest(afterSequence: 2)) {
      got.append("\(message.order?.orderID ?? "end") \(message.sequence)")
      if message.order == nil { break }
    }
    #expect(got == ["shop/2 3", "shop/3 4", "end 4"])
  }

  @Test func watchErrors() async throws {
    let bench = try Bench()
    func watch(_ sequence: Int64) async -> String {
      await refusal {
        for try await _ in bench.client.watchOrders(WatchOrdersRequest(afterSequence: sequence)) {
          break
        }
      }
    }
    #expect(await watch(0) == "OK")
    #expect(await watch(5) == "OUT_OF_RANGE/SEQUENCE_UNKNOWN sequence=5")
    #expect(await watch(-5) == "INVALID_ARGUMENT/INVALID_REQUEST field=after_sequence")
  }
}
