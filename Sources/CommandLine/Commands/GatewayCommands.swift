internal import Foundation
internal import GatewayAPI

/// What an operator asks the gateway.
enum GatewayCommands {
  static let all = [
    alerts, backlog, lag, pushes, repush, inbox, replay, rotateKey, history,
  ]

  static let alerts = Command(
    name: "alerts", usage: "[--all]", summary: "what somebody must know; --all with what has ended",
    options: ["all": nil]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let rows = try await allPages { token in
      let page = try await peers.gateway.listAlerts(
        ListAlertsRequest(
          includeResolved: arguments.has("all"), pageSize: 1000, pageToken: token))
      return (page.alerts, page.nextPageToken)
    }
    Output.table(
      ["number", "severity", "kind", "subject", "times", "first", "last", "message", "to do"],
      rows.map {
        [
          "\($0.alertID)", "\($0.severity)", $0.kind, $0.subject, "\($0.raiseCount)",
          $0.createTime.text, $0.updateTime.text, $0.message, $0.advice,
        ]
      })
    return 0
  }

  static let backlog = Command(
    name: "backlog", usage: "", summary: "how much work waits in the gateway"
  ) { _ in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.getBacklog(GetBacklogRequest())
    Output.table(
      ["events", "pushes", "notices", "quarantined lines", "given up"],
      [
        [
          "\(answer.inboxCount)", "\(answer.pushCount)", "\(answer.noticeCount)",
          "\(answer.quarantinedCount)", "\(answer.deadCount)",
        ]
      ])
    return 0
  }

  static let lag = Command(
    name: "lag", usage: "", summary: "from the pool's commit to each channel's acknowledgement"
  ) { _ in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.getLag(GetLagRequest())
    Output.table(LagTable.header, LagTable.rows(answer))
    Output.table(
      ["budget of the last hour", "target", "objective", "pushes", "late", "left"],
      answer.budgets.map {
        [
          $0.accountID, $0.target?.milliseconds ?? "–", "\($0.objective)", "\($0.count)",
          "\($0.lateCount)", "\(Int(($0.left * 100).rounded())) %",
        ]
      })
    return 0
  }

  static let pushes = Command(
    name: "pushes", usage: "[--account ACCOUNT] [--pending | --dead]",
    summary: "what listings should show, and show; --dead those that were given up",
    options: ["account": "", "pending": nil, "dead": nil]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let rows = try await allPages { token in
      let page = try await peers.gateway.listListingPushes(
        ListListingPushesRequest(
          accountID: arguments.option("account"), pendingOnly: arguments.has("pending"),
          pageSize: 1000, pageToken: token, deadOnly: arguments.has("dead")))
      return (page.pushes, page.nextPageToken)
    }
    Output.table(
      ["listing", "wanted", "acknowledged", "lag", "tries", "last error"],
      rows.map {
        [
          $0.listingID, "\($0.wantedCount)",
          $0.acknowledgedCount < 0 ? "–" : "\($0.acknowledgedCount)",
          $0.lag?.milliseconds ?? "–", "\($0.attemptCount)", $0.lastError,
        ]
      })
    return 0
  }

  static let repush = Command(
    name: "repush", usage: "LISTING", summary: "pushes a listing again, also one that was given up",
    wordLimit: 1
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.repushListing(
      RepushListingRequest(
        listingID: try arguments.word(0, "LISTING"), requestID: UUID().uuidString))
    Output.line("should show: \(answer.push?.wantedCount ?? 0)")
    return 0
  }

  static let inbox = Command(
    name: "inbox", usage: "[--account ACCOUNT] [--state STATE]",
    summary: "channel events; STATE is waiting, done, retrying, quarantined or dead",
    options: ["account": "", "state": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let states = InboxEvent.State.allCases.filter { $0 != .unspecified }
    let state: InboxEvent.State =
      arguments.option("state").isEmpty
      ? .unspecified : try arguments.choice(option: "state", states.map { (words($0), $0) })
    let page = try await peers.gateway.listInboxEvents(
      ListInboxEventsRequest(
        accountID: arguments.option("account"), state: state, pageSize: 100))
    Output.table(
      ["number", "account", "kind", "order", "state", "tries", "received", "last error"],
      page.events.map {
        [
          "\($0.inboxID)", $0.accountID, $0.kind, $0.orderID, words($0.state), "\($0.attemptCount)",
          $0.receiveTime.text, $0.lastError,
        ]
      })
    if !page.nextPageToken.isEmpty { Output.line("these are the newest 100") }
    return 0
  }

  static let replay = Command(
    name: "replay", usage: "NUMBER", summary: "takes an event up again that was given up",
    wordLimit: 1
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.replayInboxEvent(
      ReplayInboxEventRequest(
        inboxID: try arguments.number(0, "NUMBER"), requestID: UUID().uuidString))
    if let event = answer.event { Output.line("\(event.inboxID): \(words(event.state))") }
    return 0
  }

  static let history = Command(
    name: "history", usage: "LISTING", summary: "what a listing shows, was sent and why",
    wordLimit: 1
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.explainListing(
      ExplainListingRequest(listingID: try arguments.word(0, "LISTING"), eventCount: 100))
    Output.line(answer.explanation)
    Output.table(
      ["time", "what", "count", "should", "left out", "pool", "message"],
      answer.events.map {
        [
          $0.time.text, words($0.kind), "\($0.count)", "\($0.wantedCount)", "\($0.unseenCount)",
          "\($0.poolSequence)", $0.message,
        ]
      })
    return 0
  }

  static let rotateKey = Command(
    name: "rotate-key", usage: "", summary: "seals the channels' credentials with a new key"
  ) { _ in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.rotateSecretKey(
      RotateSecretKeyRequest(requestID: UUID().uuidString))
    Output.line("sealed anew: \(answer.connectionCount)")
    return 0
  }
}

/// Lag figures for people.
enum LagTable {
  static let header = ["", "count", "p50", "p95", "p99", "slowest"]

  static func rows(_ answer: GetLagResponse) -> [[String]] {
    var rows = answer.accounts.map { row($0.accountID, $0) }
    rows += answer.readBacks.map { row("\($0.accountID), read back", $0) }
    if let total = answer.total { rows.append(row("all pushes", total)) }
    if let webhook = answer.webhook { rows.append(row("webhook answers", webhook)) }
    return rows
  }

  private static func row(_ name: String, _ summary: LagSummary) -> [String] {
    let spans = [summary.p50, summary.p95, summary.p99, summary.maximum]
    return [name, "\(summary.count)"] + spans.map { $0?.milliseconds ?? "–" }
  }
}
