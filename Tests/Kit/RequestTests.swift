import Primitives
import RPCCore
import StorageCore
import Testing

@testable import Kit

@Suite struct RequestTests {
  /// Goal: all bad fields are told at once, by path.
  @Test func everyBadFieldIsTold() throws {
    var check = RequestCheck()
    _ = check.identifier(SKU.self, "", "sku")
    _ = check.identifier(LocationID.self, " x", "location_id")
    check.quantity(0, "lines[3].quantity")
    check.quantity(-5, "lines[4].quantity")
    check.quantity(QuantityLimits.maximum + 1, "lines[5].quantity")
    check.text(String(repeating: "x", count: 11), "note", atMost: 10)
    check.count([Int](), "lines", in: 1...10_000)
    let hold: HoldID? = check.required(nil, "hold")
    let account = check.optionalIdentifier(AccountID.self, "", "account_id")
    #expect(hold == nil && account == nil)
    let error = try #require(#expect(throws: RPCError.self) { try check.finish() })
    #expect(error.code == .invalidArgument && error.reason == "INVALID_REQUEST")
    #expect(
      error.violations.map(\.field) == [
        "sku", "location_id", "lines[3].quantity", "lines[4].quantity", "lines[5].quantity", "note",
        "lines", "hold",
      ])
    #expect(error.message == "sku: The SKU is empty. (and 7 more)")
  }

  @Test func cleanRequestPasses() throws {
    var check = RequestCheck()
    #expect(check.identifier(SKU.self, "TEE", "sku") == SKU(trusted: "TEE"))
    #expect(check.quantity(3, "quantity") == 3)
    check.requestID("")
    #expect(check.isClean)
    try check.finish()
  }

  @Test func violationsHaveABound() throws {
    var check = RequestCheck()
    for line in 0..<10_000 { check.quantity(0, "lines[\(line)].quantity") }
    let error = try #require(#expect(throws: RPCError.self) { try check.finish() })
    #expect(error.violations.count == RequestCheck.maximumViolations)
    #expect(error.message.hasSuffix("(and 9999 more)"))
  }

  @Test func pageTokenComesBackForItsOwnListOnly() throws {
    let token = PageToken("TEE / é", "", "3").encoded(scope: "ListSkus a=1")
    #expect(
      try PageToken.decode(token, scope: "ListSkus a=1", partCount: 3)?.parts == [
        "TEE / é", "", "3",
      ])
    #expect(try PageToken.decode("", scope: "ListSkus a=1", partCount: 3) == nil)
    #expect(throws: RPCError.self) {
      try PageToken.decode(token, scope: "ListSkus a=2", partCount: 3)
    }
    #expect(throws: RPCError.self) {
      try PageToken.decode(token, scope: "ListSkus a=1", partCount: 2)
    }
    for wrong in [
      "x", "!!", "////", String(repeating: "A", count: 5000), Base64.encodeForURL([255]),
    ] {
      let error = #expect(throws: RPCError.self) {
        try PageToken.decode(wrong, scope: "ListSkus a=1", partCount: 3)
      }
      #expect(error?.violations.first?.field == "page_token")
    }
  }

  @Test func pageSizeIsClamped() throws {
    #expect(try PageSize.clamped(0) == 50)
    #expect(try PageSize.clamped(7) == 7)
    #expect(try PageSize.clamped(.max) == 1000)
    #expect(throws: RPCError.self) { try PageSize.clamped(-1) }
  }

  @Test func pageKnowsWhetherThereIsMore() {
    let key = { (number: Int) in PageToken("\(number)") }
    #expect(Page([1, 2, 3], size: 2, scope: "s", key: key).items == [1, 2])
    #expect(Page([1, 2, 3], size: 2, scope: "s", key: key).nextToken == key(2).encoded(scope: "s"))
    #expect(Page([1, 2], size: 2, scope: "s", key: key).nextToken == "")
    #expect(Page([], size: 2, scope: "s", key: key).nextToken == "")
  }

  /// Goal: what a caller sees of a store's error has a code for the retry rule and no path.
  @Test func storeErrorsHaveTheirCodes() {
    let path = "/secret/place.db"
    let table: [(StorageError, RPCCode, String)] = [
      (.requestIDReused("r"), .invalidArgument, "REQUEST_ID_REUSED"),
      (.deadlinePassed, .deadlineExceeded, "DEADLINE_PASSED"),
      (.queueFull, .resourceExhausted, "STORE_BUSY"),
      (.unhealthy(path: path, reason: path), .unavailable, "STORE_UNAVAILABLE"),
      (.full(path: path), .unavailable, "STORE_UNAVAILABLE"),
      (.closed, .unavailable, "STORE_UNAVAILABLE"),
      (.constraint(.unique, detail: path), .internalError, "STORE_FAULT"),
    ]
    for (error, code, reason) in table {
      #expect(error.rpcError.code == code && error.rpcError.reason == reason)
      #expect(!error.rpcError.message.contains(path))
    }
    #expect(StorageError.queueFull.rpcError.retryAfter != nil)
  }
}
