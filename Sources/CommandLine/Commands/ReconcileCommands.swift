internal import Foundation
internal import GatewayAPI

/// Listings that show another number than they should, and reading them back.
enum ReconcileCommands {
  static let all = [drifts, reconcile]

  static let drifts = Command(
    name: "drifts", usage: "[--account ACCOUNT] [--all]",
    summary: "listings that show another number than they should; --all with what has ended",
    options: ["account": "", "all": nil]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let rows = try await allPages { token in
      let page = try await peers.gateway.listDrifts(
        ListDriftsRequest(
          accountID: arguments.option("account"), includeEnded: arguments.has("all"),
          pageSize: 1000, pageToken: token))
      return (page.drifts, page.nextPageToken)
    }
    Output.table(
      [
        "listing", "should", "shows", "too much", "likely cause", "first", "last", "set right",
        "end",
      ],
      rows.map {
        [
          $0.listingID, "\($0.shouldShowCount)", $0.shownCount < 0 ? "–" : "\($0.shownCount)",
          "\($0.sizeCount)", $0.likelyCause, $0.firstSeenTime.text, $0.lastSeenTime.text,
          "\($0.correctionCount)", $0.endTime.text,
        ]
      })
    return 0
  }

  static let reconcile = Command(
    name: "reconcile", usage: "ACCOUNT [--progress]",
    summary: "reads all listings of an account back; --progress says how far that is",
    wordLimit: 1,
    options: ["progress": nil]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let answer = try await peers.gateway.reconcileAccount(
      ReconcileAccountRequest(
        accountID: try arguments.word(0, "ACCOUNT"), progressOnly: arguments.has("progress"),
        requestID: UUID().uuidString))
    guard let pass = answer.pass else { return 0 }
    Output.table(
      ["account", "began", "ended", "listings", "done", "drifts found", "open", "oldest reading"],
      [
        [
          pass.accountID, pass.startTime.text, pass.finishTime.text, "\(pass.listingCount)",
          "\(pass.doneCount)", "\(pass.driftCount)", "\(pass.openDriftCount)",
          pass.oldestReadTime.text,
        ]
      ])
    return 0
  }
}
