internal import Foundation
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// What an operator does with promotions: `onepool promotion VERB …`.
enum PromotionCommands {
  private typealias Client = PromotionServiceClient

  static let all = [
    Command(name: "promotion list", usage: "", summary: "every promotion") { _ in
      try await list(try Peers.fromEnvironment().promotions)
    },
    command("show", "ID", "one, and what is left of it") { client, id, _, _ in
      show(try await client.getPromotion(.init(promotionID: id)).promotion)
      return 0
    },
    command(
      "set",
      "ID SKU=UNITS … --on CHANNEL,… [--in SECONDS] [--for SECONDS] [--strategy WORD] [--name NAME]",
      "drafts one, or changes a draft",
      details: """
        It starts --in so many seconds (0) and lasts --for so many (86400). --strategy is
          restrict      its channels sell what is kept and nothing else
          regular       they sell what is kept, and then what is there for all (when none is said)
          iron-reserve  as regular, and no buffer and no other promotion makes what is kept fewer
        """, wordLimit: nil,
      options: ["on": "", "in": "0", "for": "86400", "strategy": "regular", "name": ""]
    ) { client, id, arguments, request in
      let draft = try draft(id, arguments)
      try await KnownChannels.check(draft.channelIDs, try Peers.fromEnvironment())
      show(
        try await client.setPromotion(.init(promotion: draft, requestID: request)).promotion)
      return 0
    },
    command("check", "ID", "what it clashes with; status 2 when there is something") {
      client, id, _, _ in
      try await check(id, client)
    },
    command(
      "try", "ID [--days N]", "what the orders of the last days (28) would have come to under it",
      options: ["days": "28"]
    ) { client, id, arguments, _ in
      try await simulate(id, arguments, client)
      return 0
    },
    command(
      "schedule", "ID [--accept]",
      "lets it start and end by the clock; --accept in spite of clashes",
      options: ["accept": nil]
    ) { client, id, arguments, request in
      show(
        try await client.schedulePromotion(
          .init(promotionID: id, acceptedClashes: accepted(arguments), requestID: request)
        ).promotion)
      return 0
    },
    command(
      "top-up", "ID SKU=UNITS … [--accept]", "keeps more units; --accept in spite of clashes",
      wordLimit: nil, options: ["accept": nil]
    ) { client, id, arguments, request in
      show(
        try await client.topUpPromotion(
          .init(
            promotionID: id, lines: try lines(arguments), acceptedClashes: accepted(arguments),
            requestID: request)
        ).promotion)
      return 0
    },
    command("end", "ID", "ends one that runs; what is left goes back") { client, id, _, request in
      show(try await client.endPromotion(.init(promotionID: id, requestID: request)).promotion)
      return 0
    },
    command("cancel", "ID", "takes one back that has not started") { client, id, _, request in
      show(try await client.cancelPromotion(.init(promotionID: id, requestID: request)).promotion)
      return 0
    },
  ]

  private static let command = DocumentCommand<Client, Int32>(
    noun: "promotion", client: \.promotions
  ) { $0 }

  private static func accepted(_ arguments: Arguments) -> [PromotionClash.Kind] {
    arguments.has("accept") ? [.overPromised, .buffer] : []
  }

  private static func list(_ client: Client) async throws -> Int32 {
    let promotions = try await allPages { token in
      let page = try await client.listPromotions(
        ListPromotionsRequest(pageSize: 1000, pageToken: token))
      return (page.promotions, page.nextPageToken)
    }
    Output.table(
      ["promotion", "state", "strategy", "channels", "starts", "ends", "SKUs"],
      promotions.map {
        [
          $0.promotionID, words($0.state), words($0.strategy), $0.channelIDs.joined(separator: ","),
          $0.startTime.text, $0.endTime.text, "\($0.lines.count)",
        ]
      })
    return 0
  }

  private static func draft(_ id: String, _ arguments: Arguments) throws -> Promotion {
    let strategy: Promotion.Strategy = try arguments.choice(
      option: "strategy",
      [("restrict", .restrict), ("regular", .regular), ("iron-reserve", .ironReserve)])
    guard !arguments.option("on").isEmpty else { throw UsageError("--on is missing") }
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
    try InboundCommands.amounts(arguments, from: 1).map {
      PromotionLine(sku: $0.name, allottedCount: $0.units)
    }
  }

  static func show(_ promotion: Promotion?) {
    guard let promotion else { return }
    Output.line(
      "\(promotion.promotionID): \(words(promotion.state)), \(words(promotion.strategy)) on "
        + promotion.channelIDs.joined(separator: ", ")
        + ", from \(promotion.startTime.text) to \(promotion.endTime.text)")
    Output.table(
      ["SKU", "allotted", "taken", "left"],
      promotion.lines.map {
        [$0.sku, "\($0.allottedCount)", "\($0.takenCount)", "\($0.remainingCount)"]
      })
  }

  /// Status 2 when there are clashes.
  private static func check(_ id: String, _ client: Client) async throws -> Int32 {
    let clashes = try await client.checkPromotion(.init(promotionID: id)).clashes
    guard !clashes.isEmpty else {
      Output.line("\(id) clashes with nothing")
      return 0
    }
    Output.table(
      ["clash", "SKU", "channel", "with", "wanted", "there", "when"],
      clashes.map {
        [
          words($0.kind), $0.sku, $0.channelID, $0.otherPromotionID, "\($0.wantedCount)",
          "\($0.presentCount)", $0.clashTime.text,
        ]
      })
    return 2
  }

  private static func simulate(
    _ id: String, _ arguments: Arguments, _ client: Client
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
