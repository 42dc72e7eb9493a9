internal import ChannelAdapter
internal import Primitives

/// One record of a list of receipts. One that cannot be read holds up no other: what names it is kept,
/// and whoever works on it asks for it again and says what is wrong.
enum LoyverseRow: Decodable {
  struct Head: Decodable {
    enum CodingKeys: String, CodingKey {
      case number = "receipt_number"
      case kind = "receipt_type"
      case storeID = "store_id"
      case updatedAt = "updated_at"
    }
    var number: FlexibleID
    var storeID: FlexibleID
    var kind: Lossy<String>?
    var updatedAt: Lossy<String>?
  }
  case receipt(LoyverseReceipt)
  case damaged(Head)
  case nameless

  /// The topic of an event whose receipt could not be read.
  static let damagedTopic = "receipts.damaged"

  init(from decoder: any Decoder) throws {
    if let receipt = try? LoyverseReceipt(from: decoder) {
      self = .receipt(receipt)
    } else if let head = try? Head(from: decoder) {
      self = .damaged(head)
    } else {
      self = .nameless
    }
  }

  var number: String? {
    switch self {
    case .receipt(let receipt): receipt.number.text
    case .damaged(let head): head.number.text
    case .nameless: nil
    }
  }

  var storeID: String? {
    switch self {
    case .receipt(let receipt): receipt.storeID.text
    case .damaged(let head): head.storeID.text
    case .nameless: nil
    }
  }

  /// What it means, with `body` to be kept; with one of its own that holds it alone where none is
  /// given.
  func events(_ body: [UInt8]? = nil) -> [ChannelEvent] {
    switch self {
    case .nameless: return []
    case .receipt(let receipt):
      return receipt.events(body ?? ChannelJSON.encode(LoyverseReceipts(receipts: [receipt])))
    case .damaged(let head):
      let kind = head.kind?.value == "REFUND" ? ChannelEvent.Kind.return : .order
      let time = head.updatedAt?.value ?? ""
      return [
        ChannelEvent(
          key: "\(kind.rawValue):\(head.number):damaged:\(time.prefix(40))", kind: kind,
          subject: head.number.text, updateTime: ChannelTime.iso8601(time) ?? .zero,
          body: body ?? [], topic: Self.damagedTopic)
      ]
    }
  }
}
