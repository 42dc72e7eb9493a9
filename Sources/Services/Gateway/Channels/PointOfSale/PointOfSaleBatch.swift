public import ChannelAdapter
public import Primitives

/// What a batch from a till may hold.
public enum PointOfSaleLimits {
  /// Sales in one batch.
  public static let sales = 500
  /// Lines in one sale.
  public static let lines = 500
  /// Units in one line.
  public static let quantity: Quantity = 1_000_000
  /// Bytes of an ID that the till makes.
  public static let idBytes = 64
  /// Bytes of a batch: what its 500 sales of an ordinary length need, several times over.
  public static let bodyBytes = 4 << 20
}

/// A line of a till's sale or refund.
public struct PointOfSaleLine: Equatable, Sendable {
  public var lineID: String
  /// Of a refund: the line of the sale that it gives back, when it is known.
  public var refundOfLine: String
  public var sku: SKU
  /// At least 1.
  public var quantity: Quantity
  /// Of a refund: the goods went back on the shelf.
  public var restock: Bool

  public init(
    lineID: String, refundOfLine: String = "", sku: SKU, quantity: Quantity, restock: Bool = false
  ) {
    self.lineID = lineID
    self.refundOfLine = refundOfLine
    self.sku = sku
    self.quantity = quantity
    self.restock = restock
  }
}

/// One receipt: goods left the shop, or came back. It has happened, whatever the stock says.
public struct PointOfSaleSale: Equatable, Sendable {
  public enum Kind: String, Sendable, CaseIterable {
    case sale
    case refund
  }
  /// Made on the device, sent with every try.
  public var saleID: String
  public var kind: Kind
  /// Of a refund: the sale that it gives back; empty when nobody knows.
  public var refundOf: String
  public var storeID: String
  /// Counts the device's receipts: a gap says that one is still on the device.
  public var sequence: Int64
  /// By the device's clock.
  public var occurredAt: Timestamp
  public var lines: [PointOfSaleLine]

  public init(
    saleID: String, kind: Kind, refundOf: String = "", storeID: String, sequence: Int64 = 0,
    occurredAt: Timestamp, lines: [PointOfSaleLine]
  ) {
    self.saleID = saleID
    self.kind = kind
    self.refundOf = refundOf
    self.storeID = storeID
    self.sequence = sequence
    self.occurredAt = occurredAt
    self.lines = lines
  }
}

/// A sale of a batch that cannot be taken as it is, while the others can.
public struct PointOfSaleRejection: Equatable, Sendable {
  /// Its place in the batch.
  public var index: Int
  public var saleID: String
  /// What is wrong, with the path of the field: `sales[0].lines[1].quantity must be at least 1`.
  public var problem: String

  public init(index: Int, saleID: String, problem: String) {
    self.index = index
    self.saleID = saleID
    self.problem = problem
  }
}

/// What a till sends: receipts that it kept while it was offline, in its order.
///
/// A sale that is wrong in itself is put aside by name, so that it never holds up the till's queue.
/// Only what cannot be answered sale by sale refuses the whole batch.
public struct PointOfSaleBatch: Equatable, Sendable {
  public var deviceID: String
  public var batchID: String
  /// The sound ones, in the batch's order.
  public var sales: [PointOfSaleSale]
  public var rejections: [PointOfSaleRejection]

  /// - Throws: `EventRefusal.malformed` when the bytes are not a batch, name a sale without its ID,
  ///   or exceed a
  ///   limit of the batch; the text names the field.
  public init(body: [UInt8]) throws(EventRefusal) {
    guard body.count <= PointOfSaleLimits.bodyBytes else {
      throw .malformed(
        "the body has \(body.count) bytes; \(PointOfSaleLimits.bodyBytes) are allowed")
    }
    let raw = try ChannelJSON.event(RawBatch.self, from: body)
    guard let entries = raw.sales else { throw .malformed("sales is missing") }
    guard !entries.isEmpty else { throw .malformed("sales is empty") }
    guard entries.count <= PointOfSaleLimits.sales else {
      throw .malformed("sales has \(entries.count) entries; \(PointOfSaleLimits.sales) are allowed")
    }
    do {
      deviceID = try PointOfSaleCheck.id(raw.deviceID, "device_id")
      batchID = try PointOfSaleCheck.id(raw.batchID, "batch_id")
    } catch {
      throw .malformed(error.text)
    }
    sales = []
    rejections = []
    for (index, entry) in entries.enumerated() {
      let path = "sales[\(index)]"
      let saleID: String
      do {
        saleID = try PointOfSaleCheck.id(entry.saleID, "\(path).sale_id")
      } catch {
        throw .malformed(error.text)
      }
      do {
        sales.append(try PointOfSaleSale(entry, path: path))
      } catch {
        rejections.append(
          PointOfSaleRejection(index: index, saleID: saleID, problem: error.text))
      }
    }
  }
}
