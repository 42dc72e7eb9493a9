internal import Dispatch
internal import Foundation
internal import Glibc

extension Command {
  static let up = Command(
    name: "up", usage: "[--data FOLDER] [--port-base PORT]",
    summary: "starts the five services and the sandbox with demo data, until ctrl-C",
    options: ["data": "", "port-base": "0"]
  ) { arguments in
    let plan = Plan(
      data: arguments.option("data"), base: try arguments.number(option: "port-base", in: 0...65000)
    )
    return try await Up.run(plan)
  }
}

/// The whole system on one machine.
@MainActor
enum Up {
  static func run(_ plan: Plan) async throws -> Int32 {
    let interrupted = Interrupts()
    let begun = Date()
    let supervisor = Supervisor(plan)
    do {
      let started = try await supervisor.start()
      guard !started.isEmpty else {
        Output.line("everything runs already")
        describe(plan, since: nil)
        return 0
      }
      try await DemoData(plan: plan).seed()
      describe(plan, since: begun)
    } catch {
      await supervisor.stop()
      throw error
    }
    let failed = await withTaskGroup(of: Plan.Service?.self) { group in
      group.addTask { await supervisor.firstToEnd() }
      group.addTask {
        await interrupted.wait()
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
    if let failed { Output.failure(supervisor.explanation(failed)) }
    Output.line("stopping")
    await supervisor.stop()
    return failed == nil ? 0 : 1
  }

  private static func describe(_ plan: Plan, since begun: Date?) {
    if let begun {
      Output.line(
        String(format: "up after %.1f s; data in %@", -begun.timeIntervalSinceNow, plan.data))
    }
    let words = [
      "pool": "stock levels", "mapping": "listings and SKUs", "fulfilment": "orders",
      "returns": "returned goods", "gateway": "channels' hooks, the till, pushes",
      "sandbox":
        "behaves like Shopee, Lazada, Shopify, WooCommerce, TikTok Shop, Square and Loyverse",
    ]
    Output.line()
    Output.table(
      ["service", "where", "what"],
      plan.services.map { [$0.name, $0.url, words[$0.name] ?? ""] })
    let pool = "\(plan.url("pool"))/onepool.pool.v1.PoolService"
    Output.line(
      """

      Try:
        curl --json '{"sku":"TEE-BLK-M"}' \(pool)/GetStock
        curl --json '{"sku":"TEE-BLK-M","channelId":"shopee"}' \(pool)/ExplainAvailability
        curl --json '\(DemoData.curlSale)' \
      -H 'Authorization: Bearer \(DemoData.tillToken)' \(plan.url("gateway"))/till/v1/sales
      and `onepool --help`.\(begun == nil ? "" : " ctrl-C ends it.")
      """)
  }
}

/// SIGINT and SIGTERM as something to wait for; a second one ends the process at once.
final class Interrupts: Sendable {
  private let stream: AsyncStream<Void>
  // Kept alive and never touched again, so nothing is shared but the memory.
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    self.stream = stream
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      nonisolated(unsafe) var count = 0  // Touched by the source's own handler only.
      source.setEventHandler {
        count += 1
        if count > 1 { _exit(130) }
        continuation.yield()
      }
      source.resume()
      return source
    }
  }

  func wait() async {
    for await _ in stream { return }
  }
}
