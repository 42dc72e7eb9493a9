import Primitives
import Testing

@testable import PoolDomain
@testable import PoolService

/// Documents as bytes.
@Suite struct DocumentStoreTests {
  private static let header = DocumentHeader(
    createTime: Timestamp(seconds: 5), updateTime: Timestamp(microseconds: 6), revision: 7)

  private static let receipts = [
    Receipt(
      id: ReceiptID(trusted: "r-1"),
      lines: [
        .init(lineID: "1", quantity: 2), .init(lineID: "ä", quantity: 3, isUnavailable: true),
        .init(
          lineID: "1", quantity: 1,
          lot: LotTag(id: LotID(trusted: "L"), expireTime: Timestamp(seconds: 9))),
      ], time: Timestamp(seconds: 8), reason: "late", actor: "bo"),
    Receipt(id: ReceiptID(trusted: "r-2"), lines: []),
  ]

  static var all: [Document] {
    let orders = PurchaseOrder.State.allCases.map { state in
      Document.purchaseOrder(
        PurchaseOrder(
          id: PurchaseOrderID(trusted: "P"),
          terms: PurchaseOrder.Terms(
            supplier: "Weaver & Söhne", location: LocationIndex(3), currency: "EUR",
            lines: [
              .init(lineID: "1", sku: SKUIndex(300), quantity: 5, unitCost: 1 << 29, received: 7),
              .init(lineID: "2", sku: SKUIndex(0), quantity: 1, unitCost: 0),
            ],
            charges: PurchaseOrder.Charge.Kind.allCases.map {
              .init(kind: $0, amount: 1 << 39, basis: .value)
            },
            overTolerance: 10_000, underTolerance: 1,
            expectTime: state == .draft ? nil : Timestamp(microseconds: -1)),
          state: state, receipts: receipts, reason: "gone", header: header))
    }
    let transfers = Transfer.State.allCases.map { state in
      Document.transfer(
        Transfer(
          id: TransferID(trusted: "T"),
          terms: Transfer.Terms(
            source: LocationIndex(1), destination: LocationIndex(0),
            lines: [.init(lineID: "1", sku: SKUIndex(2), quantity: 9, received: 4, lost: 5)],
            expectTime: Timestamp(seconds: 4)),
          state: state, receipts: receipts,
          lots: [LotUnits(movement: 0, tag: LotTag(id: LotID(trusted: "L")), quantity: 2)],
          shipTime: state == .draft ? nil : Timestamp(seconds: 1),
          reason: "", header: header))
    }
    let counts = StockCount.State.allCases.map { state in
      Document.count(
        StockCount(
          id: CountID(trusted: "C"), location: LocationIndex(2), isWhole: state == .open,
          toleratedUnits: 3, toleratedPoints: 500, openSequence: 77, state: state,
          lines: [
            StockCount.Line(sku: SKUIndex(400), onHandAtOpening: -3),
            StockCount.Line(
              sku: SKUIndex(1), onHandAtOpening: 8,
              looks: [
                .init(
                  counted: 7, expected: -9, sequence: 80, time: Timestamp(seconds: 3), actor: "ä")
              ], isToBeRecounted: true),
          ],
          reports: [
            .init(id: ReportID(trusted: "r"), lines: [.init(sku: SKUIndex(1), counted: 7)]),
            .init(id: ReportID(trusted: "s"), lines: []),
          ], reason: "x", header: header))
    }
    return orders + transfers + counts
  }

  @Test func documentComesBackFromItsBytes() throws {
    for document in Self.all {
      #expect(try Document(key: document.key, bytes: document.bytes) == document)
    }
  }

  /// Goal: no bytes, however damaged, end the process.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func damagedBytesAreRefusedOrReadable(seed: UInt64) {
    print("seed \(seed)")
    var random = SeededRandom(seed: seed)
    var refused = 0
    for _ in 0..<2_000 {
      let document = Self.all.randomElement(using: &random)!
      var bytes = document.bytes
      switch Int.random(in: 0..<3, using: &random) {
      case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
      case 1: bytes.append(UInt8.random(in: 0...255, using: &random))
      default:
        bytes[bytes.indices.randomElement(using: &random)!] ^=
          1 << UInt8.random(in: 0..<8, using: &random)
      }
      let read = try? Document(key: document.key, bytes: bytes)
      if let read { _ = (read.incoming, read.variances) } else { refused += 1 }
    }
    #expect(refused > 500)
  }
}

extension Document {
  fileprivate var variances: [Quantity] {
    guard case .count(let count) = self else { return [] }
    return count.lines.map { $0.variance + count.tolerance(of: $0) }
  }
}
