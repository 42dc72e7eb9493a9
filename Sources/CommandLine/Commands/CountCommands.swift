internal import Foundation
internal import PoolAPI

/// Stock counts: `onepool count VERB …`.
enum CountCommands {
  private typealias Client = CountServiceClient

  static let all = [
    Command(name: "count list", usage: "", summary: "every count") { _ in
      try await list(try Peers.fromEnvironment().counts)
      return 0
    },
    command(
      "open", "ID LOCATION [SKU …] [--units N]",
      "begins one, of some SKUs or of all that are there",
      details: "--units is how far a SKU may be off without a recount or a reason.", wordLimit: nil,
      options: ["units": "0"]
    ) { client, id, arguments, request in
      let units = try arguments.number(option: "units", in: 0...1_000_000_000)
      show(
        try await client.openCount(
          .init(
            countID: id, locationID: try arguments.word(1, "LOCATION"),
            skus: Array(arguments.positions.dropFirst(2)), toleratedUnits: Int64(units),
            requestID: request)
        ).sheet)
    },
    command("sheet", "ID", "what is to be counted, without the books") { client, id, _, _ in
      show(try await client.getCountSheet(.init(countID: id)).sheet)
    },
    command(
      "report", "ID REPORT SKU=UNITS … [--actor NAME]", "what somebody counted",
      details: "REPORT is a name of your own: the same report is taken once.", wordLimit: nil,
      options: ["actor": "operator"]
    ) { client, id, arguments, request in
      let report = try arguments.word(1, "REPORT")
      let lines = try InboundCommands.amounts(arguments, from: 2).map {
        ReportCountRequest.Line(sku: $0.name, countedCount: $0.units)
      }
      show(
        try await client.reportCount(
          .init(
            countID: id, reportID: report, lines: lines, actor: arguments.option("actor"),
            requestID: request)
        ).sheet)
    },
    command(
      "submit", "ID [--rest]", "says that counting is done; --rest leaves out what nobody counted",
      options: ["rest": nil]
    ) { client, id, arguments, request in
      show(
        try await client.submitCount(
          .init(countID: id, leaveUncounted: arguments.has("rest"), requestID: request)
        ).sheet)
    },
    command("show", "ID", "what was counted beside the books") { client, id, _, _ in
      show(try await client.getCount(.init(countID: id)).count)
    },
    command("recount", "ID SKU …", "has SKUs counted again", wordLimit: nil) {
      client, id, arguments, request in
      _ = try arguments.word(1, "SKU")
      show(
        try await client.requestRecount(
          .init(countID: id, skus: Array(arguments.positions.dropFirst()), requestID: request)
        ).count)
    },
    command(
      "approve", "ID [--reason CODE] [--actor NAME]", "puts what was counted into the books",
      options: ["reason": "", "actor": "operator"]
    ) { client, id, arguments, request in
      show(
        try await client.approveCount(
          .init(
            countID: id, reason: arguments.option("reason"), actor: arguments.option("actor"),
            requestID: request)
        ).count)
    },
    command(
      "cancel", "ID [--reason CODE] [--actor NAME]", "ends one that changes nothing",
      options: ["reason": "", "actor": "operator"]
    ) { client, id, arguments, request in
      show(
        try await client.cancelCount(
          .init(
            countID: id, reason: arguments.option("reason"), actor: arguments.option("actor"),
            requestID: request)
        ).count)
    },
  ]

  private static let command = DocumentCommand<Client, Void>(noun: "count", client: \.counts) { 0 }

  private static func list(_ counts: CountServiceClient) async throws {
    let found = try await allPages { token in
      let page = try await counts.listCounts(.init(pageSize: 200, pageToken: token))
      return (page.counts, page.nextPageToken)
    }
    Output.table(
      ["count", "location", "state", "opened"],
      found.map { [$0.countID, $0.locationID, words($0.state), $0.createTime.text] })
  }

  private static func show(_ sheet: CountSheet?) {
    guard let sheet else { return }
    Output.line("\(sheet.countID) at \(sheet.locationID): \(words(sheet.state))")
    Output.table(
      ["SKU", "counted"],
      sheet.lines.map { [$0.sku, $0.toBeRecounted ? "again" : $0.counted ? "yes" : "no"] })
  }

  private static func show(_ count: StockCount?) {
    guard let count else { return }
    Output.line("\(count.countID) at \(count.locationID): \(words(count.state))")
    Output.table(
      ["SKU", "expected", "counted", "variance", "tolerated", "looks"],
      count.lines.map { line in
        [
          line.sku, line.looks.last.map { "\($0.expectedCount)" } ?? "–",
          line.looks.last.map { "\($0.countedCount)" } ?? "–", "\(line.varianceCount)",
          "\(line.toleranceCount)", "\(line.looks.count)",
        ]
      })
  }
}
