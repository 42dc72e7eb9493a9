import Primitives

@testable import PoolDomain

/// The words of a script about documents:
///
///     po P 10 5:CAP cost=300,20 freight=500 dutyByValue=100 over=1000 under=500 at=B expect=60
///     place P      arrive P r-1 4=1 1!=2 why=extra      close P why=short      withdraw P
///     transfer T A B 5 2:CAP      send T      land T r-1 3=1      writeOff T why=stolen      recall T
///
/// `4=1` are four units of line 1; with a `!` they cannot be sold.
enum DocumentScript {
  static func parse(_ words: [String], now: Timestamp) throws -> DocumentCommand {
    let rest = Array(words.dropFirst())
    switch words[0] {
    case "po": return .setPurchaseOrder(try purchaseOrder(rest, now: now))
    case "place": return .placePurchaseOrder(try PurchaseOrderID(rest[0]))
    case "arrive":
      return .receivePurchaseOrder(
        ReceivePurchaseOrder(id: try PurchaseOrderID(rest[0]), receipt: try receipt(rest)))
    case "close": return .closePurchaseOrder(try end(rest) { try PurchaseOrderID($0) })
    case "withdraw": return .cancelPurchaseOrder(try end(rest) { try PurchaseOrderID($0) })
    case "transfer": return .setTransfer(try transfer(rest, now: now))
    case "send": return .shipTransfer(ShipTransfer(id: try TransferID(rest[0])))
    case "land":
      return .receiveTransfer(
        ReceiveTransfer(id: try TransferID(rest[0]), receipt: try receipt(rest)))
    case "writeOff": return .writeOffTransfer(try end(rest) { try TransferID($0) })
    case "count": return .openCount(try count(rest))
    case "report": return .reportCount(try report(rest))
    case "submit":
      return .submitCount(
        SubmitCount(id: try CountID(rest[0]), leavesUncounted: rest.contains("leave")))
    case "recount":
      return .recount(
        Recount(id: try CountID(rest[0]), skus: rest.dropFirst().map { SKU(trusted: $0) }))
    case "approve": return .approveCount(try end(rest) { try CountID($0) })
    case "drop": return .cancelCount(try end(rest) { try CountID($0) })
    case "recall": return .cancelTransfer(try end(rest) { try TransferID($0) })
    default: throw ScriptCommand.ScriptProblem(words: words)
    }
  }

  static func option(_ name: String, _ words: [String]) -> String? {
    words.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) }
  }

  private static func end<ID>(_ words: [String], _ id: (String) throws -> ID) throws -> EndDocument<
    ID
  > {
    EndDocument(id: try id(words[0]), reason: option("why", words) ?? "")
  }

  private static func purchaseOrder(_ words: [String], now: Timestamp) throws -> SetPurchaseOrder {
    let costs = (option("cost", words) ?? "").split { $0 == "," }.map { Int64($0)! }
    let kinds: [(String, PurchaseOrder.Charge.Kind, PurchaseOrder.Charge.Basis)] = [
      ("freight", .freight, .quantity), ("dutyByValue", .duty, .value),
    ]
    let lines = words.dropFirst().filter { !$0.contains("=") }.map { Demand($0) }
    return SetPurchaseOrder(
      id: try PurchaseOrderID(words[0]),
      location: LocationID(trusted: option("at", words) ?? "A"), currency: "EUR",
      lines: lines.enumerated().map { number, line in
        SetPurchaseOrder.Line(
          lineID: "\(number + 1)", sku: line.sku, quantity: line.quantity,
          unitCost: number < costs.count ? costs[number] : 0)
      },
      charges: kinds.compactMap { name, kind, basis in
        option(name, words).map { .init(kind: kind, amount: Int64($0)!, basis: basis) }
      },
      overTolerance: Int32(option("over", words) ?? "0")!,
      underTolerance: Int32(option("under", words) ?? "0")!,
      expectTime: option("expect", words).map { now + .seconds(Int64($0)!) },
      etag: option("etag", words) ?? "")
  }

  private static func transfer(_ words: [String], now: Timestamp) throws -> SetTransfer {
    let lines = words.dropFirst(3).filter { !$0.contains("=") }.map { Demand($0) }
    return SetTransfer(
      id: try TransferID(words[0]), source: LocationID(trusted: words[1]),
      destination: LocationID(trusted: words[2]),
      lines: lines.enumerated().map { number, line in
        SetTransfer.Line(lineID: "\(number + 1)", sku: line.sku, quantity: line.quantity)
      },
      expectTime: option("expect", words).map { now + .seconds(Int64($0)!) },
      etag: option("etag", words) ?? "")
  }

  /// `C A TEE CAP units=1 points=500`; without SKUs, everything at A.
  private static func count(_ words: [String]) throws -> OpenCount {
    OpenCount(
      id: try CountID(words[0]), location: LocationID(trusted: words[1]),
      skus: words.dropFirst(2).filter { !$0.contains("=") }.map { SKU(trusted: $0) },
      toleratedUnits: Quantity(option("units", words) ?? "0")!,
      toleratedPoints: Int32(option("points", words) ?? "0")!)
  }

  /// `C r-1 5 3:CAP`: five TEEs and three CAPs are there.
  private static func report(_ words: [String]) throws -> ReportCount {
    ReportCount(
      id: try CountID(words[0]), reportID: try ReportID(words[1]),
      lines: words.dropFirst(2).map { word in
        let demand = Demand(word)
        return ReportCount.Line(sku: demand.sku, counted: demand.quantity)
      })
  }

  private static func receipt(_ words: [String]) throws -> Receipt {
    let lines = words.dropFirst(2).filter { !$0.hasPrefix("why=") }.map { word in
      let (word, lot) = ScriptCommand.lotTag(of: word)
      let parts = word.split { $0 == "=" }.map(String.init)
      let isUnavailable = parts[0].hasSuffix("!")
      return Receipt.Line(
        lineID: parts.count > 1 ? parts[1] : "1",
        quantity: Quantity(isUnavailable ? String(parts[0].dropLast()) : parts[0])!,
        isUnavailable: isUnavailable, lot: lot)
    }
    return Receipt(
      id: try ReceiptID(words[1]), lines: lines, reason: option("why", words) ?? "")
  }
}

extension Document {
  var stateWord: String {
    switch self {
    case .purchaseOrder(let order): "\(order.state)"
    case .transfer(let transfer): "\(transfer.state)"
    case .count(let count): "\(count.state)"
    }
  }
}

/// An error's name, with what it says of numbers and states.
func documentErrorName(_ error: DocumentError) -> String {
  switch error {
  case .wrongState(_, let state): "wrongState:\(state)"
  case .overReceipt(_, let line, let it), .underReceipt(_, let line, let it):
    "deviation:\(line):\(it.received)/\(it.ordered)±\(it.tolerance)"
  case .notInTransit(_, _, let open, let requested): "notInTransit:\(open)/\(requested)"
  case .countIncomplete(_, let sku, let count): "countIncomplete:\(sku):\(count)"
  case .varianceOverTolerance(_, let sku, let it):
    "variance:\(sku):\(it.counted)/\(it.expected)±\(it.tolerance)"
  case .unknown, .changed, .lineUnknown, .receiptExists, .tooManyReceipts, .countExists,
    .countOverlaps, .tooManyLines, .tooManyReports, .reportExists, .countedBeforeOpening,
    .countTimeTooFar:
    String("\(error)".prefix { $0 != "(" })
  }
}
