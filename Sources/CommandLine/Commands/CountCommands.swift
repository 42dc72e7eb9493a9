internal import Foundation
internal import PoolAPI

/// Stock counts.
enum CountCommands {
  static let all = [count]

  static let count = Command(
    name: "count",
    usage: """
      list | sheet ID | show ID | submit ID [--rest] | cancel ID
        count open ID LOCATION [SKU …] [--units N]     count report ID REPORT SKU=UNITS … [--actor NAME]
        count recount ID SKU …     count approve ID [--reason CODE] [--actor NAME]
      """,
    summary: "stock counts: who counts sees the sheet, who approves sees the books",
    options: ["units": "0", "reason": "", "actor": "operator", "rest": nil]
  ) { arguments in
    let counts = try Peers.fromEnvironment().counts
    let verb = try arguments.word(0, "what to do")
    if verb == "list" {
      try await list(counts)
      return 0
    }
    let id = try arguments.word(1, "ID")
    let reason = arguments.option("reason")
    let actor = arguments.option("actor")
    let request = UUID().uuidString
    switch verb {
    case "open":
      let units = try arguments.number(option: "units", in: 0...1_000_000_000)
      show(
        try await counts.openCount(
          .init(
            countID: id, locationID: try arguments.word(2, "LOCATION"),
            skus: Array(arguments.positions.dropFirst(3)), toleratedUnits: Int64(units),
            requestID: request)
        ).sheet)
    case "sheet": show(try await counts.getCountSheet(.init(countID: id)).sheet)
    case "report":
      let lines = try InboundCommands.amounts(arguments, from: 3).map {
        ReportCountRequest.Line(sku: $0.name, countedCount: $0.units)
      }
      show(
        try await counts.reportCount(
          .init(
            countID: id, reportID: try arguments.word(2, "REPORT"), lines: lines, actor: actor,
            requestID: request)
        ).sheet)
    case "submit":
      show(
        try await counts.submitCount(
          .init(countID: id, leaveUncounted: arguments.has("rest"), requestID: request)
        ).sheet)
    case "show": show(try await counts.getCount(.init(countID: id)).count)
    case "recount":
      show(
        try await counts.requestRecount(
          .init(countID: id, skus: Array(arguments.positions.dropFirst(2)), requestID: request)
        ).count)
    case "approve":
      show(
        try await counts.approveCount(
          .init(countID: id, reason: reason, actor: actor, requestID: request)
        ).count)
    case "cancel":
      show(
        try await counts.cancelCount(
          .init(countID: id, reason: reason, actor: actor, requestID: request)
        ).count)
    default: throw UsageError("there is no `count \(verb)`")
    }
    return 0
  }

  private static func list(_ counts: CountServiceClient) async throws {
    let found = try await allPages { token in
      let page = try await counts.listCounts(.init(pageSize: 200, pageToken: token))
      return (page.counts, page.nextPageToken)
    }
    Output.table(
      ["count", "location", "state", "opened"],
      found.map { [$0.countID, $0.locationID, "\($0.state)", $0.createTime.text] })
  }

  private static func show(_ sheet: CountSheet?) {
    guard let sheet else { return }
    Output.line("\(sheet.countID) at \(sheet.locationID): \(sheet.state)")
    Output.table(
      ["SKU", "counted"],
      sheet.lines.map { [$0.sku, $0.toBeRecounted ? "again" : $0.counted ? "yes" : "no"] })
  }

  private static func show(_ count: StockCount?) {
    guard let count else { return }
    Output.line("\(count.countID) at \(count.locationID): \(count.state)")
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
