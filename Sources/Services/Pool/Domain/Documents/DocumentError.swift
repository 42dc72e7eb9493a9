public import Primitives

/// Why a document's command is refused.
public enum DocumentError: Hashable, Sendable {
  case unknown(DocumentKey)
  /// Its etag is another one.
  case changed(DocumentKey)
  /// It stands where the command cannot be done.
  case wrongState(DocumentKey, State)
  case lineUnknown(DocumentKey, String)
  /// A receipt of that ID was counted with other lines.
  case receiptExists(DocumentKey, ReceiptID)
  case tooManyReceipts(DocumentKey)
  /// More came than was ordered and is tolerated, and no reason is given.
  case overReceipt(DocumentKey, String, Deviation)
  /// Less came than was ordered and is tolerated, and no reason is given.
  case underReceipt(DocumentKey, String, Deviation)
  /// More is to arrive or to be written off than is on its way.
  case notInTransit(DocumentKey, String, open: Quantity, requested: Quantity)

  case countExists(DocumentKey)
  /// The other count, and what is in both; nil when one is of the whole location.
  case countOverlaps(DocumentKey, SKU?)
  case tooManyLines(DocumentKey, Int)
  case tooManyReports(DocumentKey)
  /// A report of that ID was taken with other lines.
  case reportExists(DocumentKey, ReportID)
  case countedBeforeOpening(DocumentKey)
  /// More has happened since the count than is looked through.
  case countTimeTooFar
  /// The first line that is to be counted, and how many there are.
  case countIncomplete(DocumentKey, SKU, Int)
  case varianceOverTolerance(DocumentKey, SKU, Variance)

  /// Where a document stands.
  public enum State: Hashable, Sendable, CustomStringConvertible {
    case purchaseOrder(PurchaseOrder.State)
    case transfer(Transfer.State)
    case count(StockCount.State)

    public var description: String {
      switch self {
      case .purchaseOrder(let state): "\(state)"
      case .transfer(let state): "\(state)"
      case .count(let state): "\(state)"
      }
    }
  }

  public struct Variance: Hashable, Sendable {
    public var expected: Quantity
    public var counted: Quantity
    public var tolerance: Quantity

    public init(expected: Quantity, counted: Quantity, tolerance: Quantity) {
      self.expected = expected
      self.counted = counted
      self.tolerance = tolerance
    }
  }

  public struct Deviation: Hashable, Sendable {
    public var ordered: Quantity
    public var received: Quantity
    public var tolerance: Quantity

    public init(ordered: Quantity, received: Quantity, tolerance: Quantity) {
      self.ordered = ordered
      self.received = received
      self.tolerance = tolerance
    }
  }
}
