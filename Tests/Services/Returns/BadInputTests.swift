import ReturnsAPI
import Testing

/// Goal: wrong requests are refused with the path of every wrong field, and change nothing.
@Suite struct BadInputTests {
  private static let long = String(repeating: "x", count: 600)

  @Test func returnsAreChecked() async throws {
    let bench = try Bench()
    var messy = Bench.order(
      Self.long, of: Self.long,
      [("a", "TEE", 0, ""), ("a", "", -1, "\u{2}"), ("", "A\u{1}", 1_000_000_001, Self.long)])
    messy.accountID = Self.long
    messy.externalID = Self.long
    messy.reason = Self.long
    let table: [(CreateReturnRequest, String)] = [
      (CreateReturnRequest(), "return_order"),
      (
        CreateReturnRequest(returnOrder: ReturnOrder()),
        "return_order.return_id return_order.lines"
      ),
      (
        CreateReturnRequest(
          returnOrder: Bench.order("r", (0...10_000).map { ("\($0)", "TEE", 1, "") })),
        "return_order.lines"
      ),
      (
        CreateReturnRequest(returnOrder: messy, requestID: Self.long),
        "request_id "
          + [
            "return_id", "order_id", "account_id", "external_id", "reason", "lines[0].quantity",
            "lines[1].line_id", "lines[1].sku", "lines[1].quantity", "lines[1].order_line_id",
            "lines[2].line_id", "lines[2].sku", "lines[2].quantity", "lines[2].order_line_id",
          ].map { "return_order.\($0)" }.joined(separator: " ")
      ),
    ]
    for (request, expected) in table {
      #expect(await wrongFields { try await bench.client.createReturn(request) } == expected)
    }
    #expect(try await bench.allReturns().isEmpty)
  }

  @Test func inspectionsAreChecked() async throws {
    let bench = try Bench()
    try await bench.create(Bench.order("r", [("a", "TEE", 2, ""), ("b", "CAP", 1, "")]))
    try await bench.receive("r")
    let table: [([(String, [(Disposition, Int64)])], String)] = [
      ([], "lines"),
      ((0...10_000).map { ("\($0)", [(.restock, 1)]) }, "lines"),
      (
        [
          ("a", []), ("a", [(.unspecified, 1)]), ("", [(.restock, 0), (.restock, -1)]),
          ("c", [(.unrecognized(9), 1_000_000_001)]),
          ("d", (0...10).map { _ in (.restock, 1) }),
        ],
        """
        lines[0].disposals lines[1].line_id lines[1].disposals[0].disposition lines[2].line_id \
        lines[2].disposals[0].quantity lines[2].disposals[1].quantity \
        lines[3].disposals[0].quantity lines[3].disposals[0].disposition lines[4].disposals
        """
      ),
      ([("b", [(.restock, 2)]), ("a", [(.restock, 1)])], "lines[0].disposals lines[1].disposals"),
    ]
    for (lines, expected) in table {
      #expect(await wrongFields { try await bench.inspect("r", lines) } == expected)
    }
    #expect(try await bench.order("r").lines.allSatisfy { $0.disposals.isEmpty })
    #expect(bench.pool.calls == 0)
  }

  @Test func otherCallsAreChecked() async throws {
    let bench = try Bench()
    let client = bench.client
    #expect(
      await wrongFields {
        try await client.receiveReturn(
          ReceiveReturnRequest(returnID: "", locationID: "\u{7F}", actor: Self.long))
      } == "return_id location_id actor")
    #expect(
      await wrongFields {
        try await client.cancelReturn(CancelReturnRequest(requestID: Self.long))
      } == "return_id request_id")
    #expect(await wrongFields { try await client.getReturn(GetReturnRequest()) } == "return_id")
    #expect(
      await wrongFields {
        try await client.listReturns(
          ListReturnsRequest(
            accountID: Self.long, orderID: Self.long, state: .unrecognized(9), pageSize: -1))
      } == "account_id order_id state")
  }
}
