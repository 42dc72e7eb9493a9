import Testing

@testable import CommandLineMain

/// Goal: what a sale took is told apart from what was before it.
@Suite struct LatencyBucketsTests {
  private static func exposition(_ fast: Int, _ all: Int) -> String {
    """
    # TYPE onepool_gateway_hook_seconds histogram
    onepool_gateway_hook_seconds_bucket{channel="shopee",le="0.05"} \(fast)
    onepool_gateway_hook_seconds_bucket{channel="shopee",le="1"} \(all)
    onepool_gateway_hook_seconds_bucket{channel="shopee",le="+Inf"} \(all)
    onepool_gateway_hook_seconds_sum{channel="shopee"} 3.5
    onepool_gateway_hook_seconds_bucket{channel="till",le="0.05"} 0
    onepool_gateway_hook_seconds_bucket{channel="till",le="+Inf"} 900
    onepool_gateway_push_lag_seconds_bucket{account="a",le="0.1"} 4
    onepool_gateway_push_lag_seconds_bucket{account="a",le="+Inf"} 4
    onepool_gateway_push_lag_seconds_bucket{account="b",le="0.1"} 6
    onepool_gateway_push_lag_seconds_bucket{account="b",le="+Inf"} 6

    """
  }

  @Test func aSaleCountsOnItsOwn() {
    let before = Latencies(exposition: Self.exposition(10, 60))
    let after = Latencies(exposition: Self.exposition(110, 160))
    let sale = after.since(before).allHooks
    #expect(sale.total == 100)
    #expect(sale.count(within: .milliseconds(50)) == 100)
    #expect(sale.count(within: .milliseconds(60)) == nil, "no bound of the histogram's")
    #expect(sale.quantile(0.5) == .milliseconds(25))
    #expect(after.since(before).allPushes.total == 0)
  }

  @Test func whatIsNewIsWhole() {
    let sale = Latencies(exposition: Self.exposition(50, 100)).since(Latencies())
    #expect(sale.allPushes.total == 10 && sale.pushes.count == 2)
    #expect(sale.hooks.keys.sorted() == ["shopee"], "a till has no webhooks")
    #expect(sale.allHooks.quantile(0.75) == .milliseconds(525))
    #expect(LatencyBuckets().quantile(0.99) == nil)
  }
}
