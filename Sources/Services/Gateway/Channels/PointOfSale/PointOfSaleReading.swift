internal import ChannelAdapter
internal import Primitives

/// A batch as it is written, before anything is believed.
struct RawBatch: Decodable {
  enum CodingKeys: String, CodingKey {
    case sales
    case deviceID = "device_id"
    case batchID = "batch_id"
  }
  var deviceID: Lenient<String>?
  var batchID: Lenient<String>?
  var sales: [RawSale]?
}

/// A sale as it is written: every field may be missing or of the wrong type, so that one bad sale
/// can be named without losing the others.
struct RawSale: Codable {
  enum CodingKeys: String, CodingKey {
    case kind, sequence, lines
    case saleID = "sale_id"
    case refundOf = "refund_of"
    case storeID = "store_id"
    case occurredAt = "occurred_at"
  }
  struct Line: Codable {
    enum CodingKeys: String, CodingKey {
      case sku, quantity, restock
      case lineID = "line_id"
      case refundOfLine = "refund_of_line"
    }
    var lineID: Lenient<String>?
    var refundOfLine: Lenient<String>?
    var sku: Lenient<String>?
    var quantity: Lenient<Int64>?
    var restock: Lenient<Bool>?
  }
  var saleID: Lenient<String>?
  var kind: Lenient<String>?
  var refundOf: Lenient<String>?
  var storeID: Lenient<String>?
  var sequence: Lenient<Int64>?
  var occurredAt: Lenient<String>?
  var lines: Lenient<[Line]>?
}

/// A value, or that there was something else in its place.
enum Lenient<Value: Codable>: Codable {
  case value(Value)
  case somethingElse

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Value.self) {
      self = .value(value)
    } else {
      self = .somethingElse
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if case .value(let value) = self { try container.encode(value) }
  }
}

/// Checks of single fields; each names the field by its path.
enum PointOfSaleCheck {
  static func value<Value>(
    _ field: Lenient<Value>?, _ path: String, _ type: String
  ) throws(ChannelJSON.Problem) -> Value {
    switch field {
    case nil: throw ChannelJSON.Problem("\(path) is missing")
    case .somethingElse: throw ChannelJSON.Problem("\(path) must be \(type)")
    case .value(let value): return value
    }
  }

  static func id(
    _ field: Lenient<String>?, _ path: String
  ) throws(ChannelJSON.Problem) -> String {
    let text = try value(field, path, "text")
    guard !text.isEmpty else { throw ChannelJSON.Problem("\(path) is empty") }
    guard text.utf8.count <= PointOfSaleLimits.idBytes else {
      throw ChannelJSON.Problem(
        "\(path) is longer than \(PointOfSaleLimits.idBytes) bytes")
    }
    guard !text.utf8.contains(where: { $0 < 0x21 || $0 == 0x7F }) else {
      throw ChannelJSON.Problem("\(path) holds a space or a control character")
    }
    return text
  }

  static func optionalID(
    _ field: Lenient<String>?, _ path: String
  ) throws(ChannelJSON.Problem) -> String {
    field == nil ? "" : try id(field, path)
  }
}

extension PointOfSaleSale {
  init(_ raw: RawSale, path: String) throws(ChannelJSON.Problem) {
    saleID = try PointOfSaleCheck.id(raw.saleID, "\(path).sale_id")
    let word = try PointOfSaleCheck.value(raw.kind, "\(path).kind", "text")
    guard let kind = Kind(rawValue: word) else {
      throw ChannelJSON.Problem("\(path).kind must be sale or refund")
    }
    self.kind = kind
    refundOf = try PointOfSaleCheck.optionalID(raw.refundOf, "\(path).refund_of")
    storeID = try PointOfSaleCheck.id(raw.storeID, "\(path).store_id")
    if let field = raw.sequence {
      sequence = try PointOfSaleCheck.value(field, "\(path).sequence", "a whole number")
    } else {
      sequence = 0
    }
    guard sequence >= 0 else { throw ChannelJSON.Problem("\(path).sequence must not be negative") }
    let text = try PointOfSaleCheck.value(raw.occurredAt, "\(path).occurred_at", "text")
    guard let time = ChannelTime.iso8601(text) else {
      throw ChannelJSON.Problem(
        "\(path).occurred_at must be an ISO 8601 time with an offset, as 2026-01-05T10:03:11+08:00")
    }
    occurredAt = time
    let entries = try PointOfSaleCheck.value(raw.lines, "\(path).lines", "a list of lines")
    guard !entries.isEmpty else { throw ChannelJSON.Problem("\(path).lines is empty") }
    guard entries.count <= PointOfSaleLimits.lines else {
      throw ChannelJSON.Problem(
        "\(path).lines has \(entries.count) entries; \(PointOfSaleLimits.lines) are allowed")
    }
    lines = []
    var seen: Set<String> = []
    for (index, entry) in entries.enumerated() {
      let line = try PointOfSaleLine(entry, kind: kind, path: "\(path).lines[\(index)]")
      guard seen.insert(line.lineID).inserted else {
        throw ChannelJSON.Problem("\(path).lines[\(index)].line_id is there twice")
      }
      lines.append(line)
    }
  }
}

extension PointOfSaleLine {
  init(
    _ raw: RawSale.Line, kind: PointOfSaleSale.Kind, path: String
  ) throws(ChannelJSON.Problem) {
    lineID = try PointOfSaleCheck.id(raw.lineID, "\(path).line_id")
    refundOfLine = try PointOfSaleCheck.optionalID(raw.refundOfLine, "\(path).refund_of_line")
    let text = try PointOfSaleCheck.value(raw.sku, "\(path).sku", "text")
    do {
      sku = try SKU(text)
    } catch {
      throw ChannelJSON.Problem("\(path).sku: \(error)")
    }
    quantity = try PointOfSaleCheck.value(raw.quantity, "\(path).quantity", "a whole number")
    guard quantity >= 1 else { throw ChannelJSON.Problem("\(path).quantity must be at least 1") }
    guard quantity <= PointOfSaleLimits.quantity else {
      throw ChannelJSON.Problem("\(path).quantity must be at most \(PointOfSaleLimits.quantity)")
    }
    switch (kind, raw.restock) {
    case (.sale, _):
      restock = false
    case (.refund, let field):
      restock = try PointOfSaleCheck.value(field, "\(path).restock", "true or false")
    }
  }
}
