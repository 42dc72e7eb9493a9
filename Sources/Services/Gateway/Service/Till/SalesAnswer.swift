internal import Primitives

/// What became of one sale of a batch.
struct SaleResult: Encodable, Equatable, Sendable {
  enum Status: String, Encodable, Sendable {
    case accepted
    case alreadyKnown = "already_known"
    /// It stands, and took units that were not there.
    case acceptedOversold = "accepted_oversold"
    /// It cannot be taken as it is; `code` and `message` say why.
    case rejected
  }

  enum CodingKeys: String, CodingKey {
    case status, pending, code, message
    case saleID = "sale_id"
    case oversoldCount = "oversold_count"
  }

  var saleID: String
  var status: Status
  /// Stored for good, and not taken off the stock yet: the till may forget it all the same.
  var pending = false
  var oversoldCount: Quantity = 0
  var code = ""
  var message = ""

  static func accepted(_ saleID: String, oversoldCount: Quantity, isPending: Bool) -> SaleResult {
    SaleResult(
      saleID: saleID, status: oversoldCount > 0 ? .acceptedOversold : .accepted,
      pending: isPending, oversoldCount: oversoldCount)
  }

  static func known(_ saleID: String, isPending: Bool) -> SaleResult {
    SaleResult(saleID: saleID, status: .alreadyKnown, pending: isPending)
  }

  static func rejected(_ saleID: String, _ code: String, _ message: String) -> SaleResult {
    SaleResult(saleID: saleID, status: .rejected, code: code, message: message)
  }
}

/// The answer to a batch, sale by sale in its order.
struct SalesAnswer: Encodable {
  struct Gap: Encodable {
    var from: Int64
    var to: Int64
  }

  enum CodingKeys: String, CodingKey {
    case results
    case deviceID = "device_id"
    case batchID = "batch_id"
    case missingSequences = "missing_sequences"
  }

  var deviceID: String
  var batchID: String
  var results: [SaleResult]
  /// Numbers that the device has given out and not sent.
  var missingSequences: [Gap]
}
