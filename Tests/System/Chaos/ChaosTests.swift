import Foundation
import Primitives
import Testing

extension SystemTests {
  /// Everything goes wrong at once, and in the end every number agrees and every order is there once.
  @Suite struct ChaosTests {
    /// `ONEPOOL_CHAOS` is a seed, or the first and the last of several: `7`, `1..20`; or `brief`.
    private static let wish = ProcessInfo.processInfo.environment["ONEPOOL_CHAOS"] ?? ""

    static let chosen: [UInt64] = {
      let bounds = wish.components(separatedBy: "..").compactMap(UInt64.init)
      guard let first = bounds.first, let last = bounds.last, first <= last else { return [] }
      return Array(first...last)
    }()

    /// Goal: nothing is lost, doubled or wrong after faults. Method: buyers, a till and a warehouse at work on all
    /// channels, while a plan that is drawn from the seed breaks channels and kills services; then all is compared.
    @Test(.timeLimit(.minutes(10)), arguments: chosen)
    func everythingAgreesAfterChaos(seed: UInt64) async throws {
      try await Self.run(ChaosPlan(seed: seed, .full))
    }

    /// The same in brief, of two seeds side by side.
    @Test(.enabled(if: wish == "brief"), .timeLimit(.minutes(10)))
    func everythingAgreesAfterALittleChaos() async throws {
      async let first: Void = Self.run(ChaosPlan(seed: 1, .short))
      async let second: Void = Self.run(ChaosPlan(seed: 2, .short))
      _ = try await (first, second)
    }

    private static func run(_ plan: ChaosPlan) async throws {
      let begun = ContinuousClock.now
      try await Cluster.with(settings: ChaosWorld.settings) { cluster in
        do {
          let world = try await ChaosWorld.open(in: cluster)
          try await withThrowingTaskGroup { group in
            group.addTask { try await ChaosMerchant(world: world, plan: plan).run() }
            group.addTask { try await play(plan, world) }
            try await group.next()
            group.cancelAll()
          }
        } catch {
          cluster.folder.keep()
          print("\(plan)\nits data and logs are in \(cluster.folder.path)\n\(error)")
          throw error
        }
      }
      print("chaos of seed \(plan.seed) took \(begun.duration(to: .now))")
    }

    private static func play(_ plan: ChaosPlan, _ world: ChaosWorld) async throws {
      let start = ContinuousClock.now
      let returned = ChaosBuyers.Returned()
      let till = ChaosTill(world, plan, start)
      try await withThrowingTaskGroup { group in
        group.addTask { try await ChaosPlayer(plan: plan, world: world, start: start).play() }
        group.addTask { try await till.run() }
        for shop in Shop.everyChannel {
          group.addTask { try await ChaosBuyers(shop, world, plan, start, returned).run() }
        }
        try await group.waitForAll()
      }
      try await ChaosProof(world: world, returned: returned.orders, till: till.book).holds()
    }
  }
}
