import Foundation
import Primitives

/// A till that sells first and says so later, gives money back, and asks before it sells; it sends again what was not
/// answered.
actor ChaosTill {
  /// What the till has told and was told, of which the system must know the same.
  struct Book: Sendable {
    /// Units of each order that was sold.
    var sold: [String: [String: Int64]] = [:]
    /// Units that came back over the counter, by order, and how many of them to the shelf.
    var returned: [String: [String: Int64]] = [:]
    var restocked: [String: [String: Int64]] = [:]
  }

  private(set) var book = Book()
  private let world: ChaosWorld
  private let plan: ChaosPlan
  private let start: ContinuousClock.Instant
  private var sequence = 0
  private var random: SeededRandom

  init(_ world: ChaosWorld, _ plan: ChaosPlan, _ start: ContinuousClock.Instant) {
    self.world = world
    self.plan = plan
    self.start = start
    random = SeededRandom(seed: plan.seed &* 31 &+ 1000)
  }

  func run() async throws {
    let end = start + .milliseconds(plan.milliseconds)
    while ContinuousClock.now < end {
      if Int.random(in: 0..<3, using: &random) == 0 {
        try await holdAndBuy()
      } else {
        try await sendReceipts()
      }
      // Customers come one after another.
      try await Task.sleep(for: .milliseconds(Int.random(in: 100...400, using: &random)))
    }
  }

  private func post(_ path: String, _ body: [String: Any]) async throws -> SandboxClient.Answer {
    try await eventually("the till's \(path) answered") {
      let answer = try? await SandboxClient.send(
        "POST", "\(world.cluster.url("gateway"))/till/v1/\(path)", body,
        headers: ["Authorization": "Bearer \(ChaosGoods.tillToken)"])
      // 202: it is pending, so it is asked for again.
      guard let answer, answer.status < 500, answer.status != 202 else { return nil }
      return answer
    }
  }

  private func note(
    _ order: String, _ lines: [(sku: String, quantity: Int64)],
    in path: WritableKeyPath<Book, [String: [String: Int64]]>
  ) {
    for line in lines {
      book[keyPath: path]["\(ChaosGoods.tillAccount)/\(order)", default: [:]][
        line.sku, default: 0] += line.quantity
    }
  }

  private func lines() -> [(sku: String, quantity: Int64)] {
    // Two lines of one receipt are of different SKUs.
    ChaosGoods.skus.shuffled(using: &random).prefix(Int.random(in: 1...2, using: &random))
      .map { ($0, Int64.random(in: 1...2, using: &random)) }
  }

  // MARK: Receipts

  /// A batch of sales, some of which are given back within it.
  private func sendReceipts() async throws {
    var receipts: [[String: Any]] = []
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let id = "s-\(sequence)"
      let lines = lines()
      receipts.append(receipt(id, "sale", lines))
      note(id, lines, in: \.sold)
      guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
      let isRestocked = Bool.random(using: &random)
      receipts.append(receipt("r-\(sequence)", "refund", lines, of: id, isRestocked: isRestocked))
      note(id, lines, in: \.returned)
      if isRestocked { note(id, lines, in: \.restocked) }
    }
    let batch: [String: Any] = [
      "device_id": "till-01", "batch_id": "b-\(sequence)", "sales": receipts,
    ]
    for _ in 0..<Int.random(in: 1...2, using: &random) {
      let answer = try await post("sales", batch)
      let results = try answer.object()["results"] as? [[String: Any]] ?? []
      let statuses = results.compactMap { $0["status"] as? String }
      guard answer.status == 200, statuses.count == receipts.count,
        statuses.allSatisfy({ $0 != "rejected" })
      else {
        throw SandboxClient.Unexpected(description: "a batch: \(answer.status) \(answer.text)")
      }
    }
  }

  private func receipt(
    _ id: String, _ kind: String, _ lines: [(sku: String, quantity: Int64)], of sale: String = "",
    isRestocked: Bool = false
  ) -> [String: Any] {
    sequence += 1
    var receipt: [String: Any] = [
      "sale_id": id, "kind": kind, "store_id": ChaosGoods.store, "sequence": sequence,
      "occurred_at": ISO8601DateFormatter().string(from: Date()),
      "lines": lines.enumerated().map { index, line -> [String: Any] in
        var entry: [String: Any] = [
          "line_id": "\(index + 1)", "sku": line.sku, "quantity": line.quantity,
        ]
        if kind == "refund" {
          entry["refund_of_line"] = "\(index + 1)"
          entry["restock"] = isRestocked
        }
        return entry
      },
    ]
    if !sale.isEmpty { receipt["refund_of"] = sale }
    return receipt
  }

  // MARK: Holds

  private func holdAndBuy() async throws {
    let id = "h-\(sequence)"
    sequence += 1
    let lines = lines()
    let held = try await post(
      "holds",
      [
        "hold_id": id, "expire_seconds": Int.random(in: 1...20, using: &random),
        "lines": lines.map { ["sku": $0.sku, "quantity": $0.quantity] as [String: Any] },
      ])
    if held.status == 409 { return }
    guard held.status == 200 else {
      throw SandboxClient.Unexpected(description: "a hold: \(held.status) \(held.text)")
    }
    if Int.random(in: 0..<4, using: &random) == 0 { return }
    // The customer pays.
    try await Task.sleep(for: .milliseconds(Int.random(in: 0...300, using: &random)))
    if Int.random(in: 0..<4, using: &random) == 0 {
      _ = try await post("holds/\(id)/release", [:])
      return
    }
    let bought = try await post(
      "holds/\(id)/commit", ["order_id": id, "handed_over": Bool.random(using: &random)])
    switch bought.status {
    case 200: note(id, lines, in: \.sold)
    // It has run out meanwhile, and the units are gone.
    case 409: break
    default:
      throw SandboxClient.Unexpected(description: "a commit: \(bought.status) \(bought.text)")
    }
  }
}
