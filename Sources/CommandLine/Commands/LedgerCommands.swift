internal import Foundation
internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// What an operator asks of the pool's ledger.
enum LedgerCommands {
  static let all = [verify, export, archive, at]

  /// A whole ledger takes its time.
  private static let patience = CallOptions(timeout: .seconds(6 * 3600))

  static let verify = Command(
    name: "ledger verify", usage: "[--head ROW:SEQUENCE:HASH]",
    summary: "proves the whole ledger, and that a head kept earlier is in it; status 2 when not",
    options: ["head": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let head = arguments.option("head")
    let answer = try await peers.pool.verifyLedger(
      VerifyLedgerRequest(expectedHead: head.isEmpty ? nil : try LedgerHead(text: head)),
      options: patience)
    guard answer.proved else {
      Output.line("not proved: \(answer.difference)")
      if !answer.remedy.isEmpty { Output.line(answer.remedy) }
      return 2
    }
    Output.line(
      "proved: \(answer.rowCount) rows, \(answer.movementCount) movements, \(answer.balanceCount) balances"
    )
    if let head = answer.head { Output.line("head: \(head.text)") }
    if let start = answer.start { Output.line("archived: \(start.text)") }
    return 0
  }

  static let export = Command(
    name: "ledger export",
    usage:
      "[--from TIME] [--to TIME] [--after SEQUENCE] [--through SEQUENCE] [--sku SKU] [--location LOCATION] [--order ORDER]",
    summary: "movements as CSV; --after goes on where it was cut off",
    options: [
      "sku": "", "location": "", "order": "", "from": "", "to": "", "after": "0", "through": "0",
    ]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    var request = ExportMovementsRequest(
      sku: arguments.option("sku"), locationID: arguments.option("location"),
      orderID: arguments.option("order"), startTime: try arguments.time(option: "from"),
      endTime: try arguments.time(option: "to"),
      afterSequence: Int64(try arguments.number(option: "after", in: 0...Int.max)),
      throughSequence: Int64(try arguments.number(option: "through", in: 0...Int.max)))
    // The header waits for an answer: one that is refused leaves the file empty.
    var header = request.afterSequence > 0 ? "" : CSV.line(MovementLine.header)
    do {
      for try await part in peers.pool.exportMovements(request, options: patience) {
        let lines = part.movements.map { CSV.line(MovementLine.cells($0)) }
        // False when whoever reads has gone away (`| head`).
        guard Output.text(header + lines.joined()) else { return 0 }
        header = ""
        request.afterSequence = part.throughSequence
        for archive in part.archives {
          Output.failure(
            "not here: up to \(archive.lastTime.text), in the archive \(archive.archive)")
        }
      }
    } catch let error as RPCError where error.code == .unavailable {
      throw Failure("\(error); go on with --after \(request.afterSequence)")
    }
    _ = Output.text(header)
    return 0
  }
}

extension LedgerCommands {
  static let archive = Command(
    name: "ledger archive", usage: "--before TIME | --verify ARCHIVE",
    summary:
      "moves old rows into a file beside the store, or proves such a file; status 2 when not",
    options: ["before": "", "verify": ""]
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    if !arguments.option("verify").isEmpty {
      let answer = try await peers.pool.verifyArchive(
        VerifyArchiveRequest(archive: arguments.option("verify")), options: patience)
      let words = "\(answer.rowCount) rows, \(answer.movementCount) movements"
      Output.line(answer.proved ? "proved: \(words)" : "not proved: \(answer.difference)")
      return answer.proved ? 0 : 2
    }
    guard let time = try arguments.time(option: "before") else {
      throw UsageError("--before or --verify is missing")
    }
    let answer = try await peers.pool.archiveLedger(
      ArchiveLedgerRequest(beforeTime: time), options: patience)
    guard let made = answer.archive, let head = made.head else {
      Output.line("no row is old enough")
      return 0
    }
    Output.line(
      "\(made.archive): rows \(made.firstRowNumber) to \(head.rowNumber), up to \(made.lastTime.text)"
    )
    Output.line("head: \(head.text)")
    return 0
  }

  static let at = Command(
    name: "ledger at", usage: "TIME SKU [CHANNEL …]",
    summary: "what the balances of a SKU were, and what channels could show", wordLimit: nil
  ) { arguments in
    let peers = try Peers.fromEnvironment()
    let time = try Arguments.time(arguments.word(0, "TIME"), "TIME")
    let sku = try arguments.word(1, "SKU")
    let channels = Array(arguments.positions.dropFirst(2))
    try await KnownChannels.check(channels, peers)
    let answer = try await peers.pool.getStockAt(
      GetStockAtRequest(sku: sku, time: time, channelIDs: channels))
    Output.table(
      ["location", "on hand", "held", "committed", "unavailable", "available"],
      answer.balances.map {
        [
          $0.locationID, "\($0.onHandCount)", "\($0.heldCount)", "\($0.committedCount)",
          "\($0.unavailableCount)", "\($0.availableCount)",
        ]
      })
    for channel in answer.channels {
      Output.line("\(channel.channelID): \(channel.availableToSellCount)")
    }
    Output.line("at sequence \(answer.sequence)")
    return 0
  }
}

extension LedgerHead {
  /// `12:34:` and the hash in 64 hexadecimal digits.
  var text: String { "\(rowNumber):\(sequence):\(Hex.encode(hash))" }

  init(text: String) throws(UsageError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 3, let row = Int64(parts[0]), let sequence = Int64(parts[1]),
      let hash = Hex.decode(String(parts[2]))
    else { throw UsageError("\(text) is no head; it looks like 12:34:5d41…") }
    self.init(rowNumber: row, sequence: sequence, hash: hash)
  }
}
