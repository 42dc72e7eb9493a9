internal import Foundation
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// What an operator does with promotions: `onepool promotion VERB …`.
enum PromotionCommands {
  static let all = [promotion]

  static let promotion = Command(
    name: "promotion",
    usage:
      "list | show|check|schedule|end|cancel|try ID | top-up ID SKU=UNITS … | set ID SKU=UNITS …",
    summary:
      "units kept for channels in a window of time (set: --on CHANNELS --in SECONDS --for SECONDS)",
    options: [
      "on": "", "in": "0", "for": "86400", "strategy": "regular", "name": "", "days": "28",
      "accept": nil,
    ]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let verb = try arguments.word(0, "VERB")
    guard verb != "list" else { return try await list(peers.promotions) }
    let id = try arguments.word(1, "ID")
    return try await run(verb, id, arguments, peers.promotions)
  }

  private static func list(_ client: PromotionServiceClient) async throws -> Int32 {
    let promotions = try await allPages { token in
      let page = try await client.listPromotions(
        ListPromotionsRequest(pageSize: 1000, pageToken: token))
      return (page.promotions, page.nextPageToken)
    }
    Output.table(
      ["promotion", "state", "strategy", "channels", "starts", "ends", "SKUs"],
      promotions.map {
        [
          $0.promotionID, "\($0.state)", "\($0.strategy)", $0.channelIDs.joined(separator: ","),
          $0.startTime.text, $0.endTime.text, "\($0.lines.count)",
        ]
      })
    return 0
  }

  private static func run(
    _ verb: String, _ id: String, _ arguments: Arguments, _ client: PromotionServiceClient
  ) async throws -> Int32 {
    let request = UUID().uuidString
    let accepted: [PromotionClash.Kind] =
      arguments.has("accept") ? [.overPromised, .buffer] : []
    switch verb {
    case "show": show(try await client.getPromotion(.init(promotionID: id)).promotion)
    case "set":
      show(
        try await client.setPromotion(
          .init(promotion: try draft(id, arguments), requestID: request)
        ).promotion)
    case "schedule":
      show(
        try await client.schedulePromotion(
          .init(promotionID: id, acceptedClashes: accepted, requestID: request)
        ).promotion)
    case "top-up":
      show(
        try await client.topUpPromotion(
          .init(
            promotionID: id, lines: try lines(arguments), acceptedClashes: accepted,
            requestID: request)
        ).promotion)
    case "end":
      show(try await client.endPromotion(.init(promotionID: id, requestID: request)).promotion)
    case "cancel":
      show(try await client.cancelPromotion(.init(promotionID: id, requestID: request)).promotion)
    case "check": return try await check(id, client)
    case "try": try await simulate(id, arguments, client)
    default: throw UsageError("there is no verb \(verb)")
    }
    return 0
  }

  private static func draft(_ id: String, _ arguments: Arguments) throws -> Promotion {
    let strategies: [String: Promotion.Strategy] = [
      "restrict": .restrict, "regular": .regular, "iron-reserve": .ironReserve,
    ]
    guard let strategy = strategies[arguments.option("strategy")] else {
      throw UsageError("--strategy must be restrict, regular or iron-reserve")
    }
    let start =
      SystemClock().now() + .seconds(try arguments.number(option: "in", in: 0...31_622_400))
    return Promotion(
      promotionID: id, displayName: arguments.option("name"),
      channelIDs: arguments.option("on").split(separator: ",").map(String.init),
      strategy: strategy, startTime: start,
      endTime: start + .seconds(try arguments.number(option: "for", in: 1...31_622_400)),
      lines: try lines(arguments))
  }

  private static func lines(_ arguments: Arguments) throws -> [PromotionLine] {
    try arguments.positions.dropFirst(2).map { word in
      let parts = word.split(separator: "=")
      guard parts.count == 2, let units = Int64(parts[1]) else {
        throw UsageError("\(word): SKU=UNITS is wanted")
      }
      return PromotionLine(sku: String(parts[0]), allottedCount: units)
    }
  }

  static func show(_ promotion: Promotion?) {
    guard let promotion else { return }
    Output.line(
      "\(promotion.promotionID): \(promotion.state), \(promotion.strategy) on "
        + promotion.channelIDs.joined(separator: ", ")
        + ", from \(promotion.startTime.text) to \(promotion.endTime.text)")
    Output.table(
      ["SKU", "allotted", "taken", "left"],
      promotion.lines.map {
        [$0.sku, "\($0.allottedCount)", "\($0.takenCount)", "\($0.remainingCount)"]
      })
  }

  /// Status 2 when there are clashes.
  private static func check(_ id: String, _ client: PromotionServiceClient) async throws -> Int32 {
    let clashes = try await client.checkPromotion(.init(promotionID: id)).clashes
    Output.table(
      ["clash", "SKU", "channel", "with", "wanted", "there", "when"],
      clashes.map {
        [
          "\($0.kind)", $0.sku, $0.channelID, $0.otherPromotionID, "\($0.wantedCount)",
          "\($0.presentCount)", $0.clashTime.text,
        ]
      })
    return clashes.isEmpty ? 0 : 2
  }

  private static func simulate(
    _ id: String, _ arguments: Arguments, _ client: PromotionServiceClient
  ) async throws {
    let now = SystemClock().now()
    let days = try arguments.number(option: "days", in: 1...366)
    let answer = try await client.simulatePromotion(
      .init(promotionID: id, fromTime: now - .seconds(days * 86_400), toTime: now),
      options: CallOptions(timeout: .seconds(600)))
    Output.table(
      ["SKU", "available", "allotted", "promoted", "left", "lost inside", "lost elsewhere"],
      answer.outcomes.map {
        [
          $0.sku, "\($0.availableCount)", "\($0.allottedCount)", "\($0.promotedCount)",
          "\($0.leftCount)", "\($0.lostInsideCount)", "\($0.lostElsewhereCount)",
        ]
      })
    Output.line(
      "\(answer.orderLineCount) order lines of \(days) days, until \(answer.playedTime.text)")
  }
}
