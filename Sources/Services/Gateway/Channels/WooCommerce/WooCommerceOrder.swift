internal import ChannelAdapter
internal import Primitives

/// A number of units: whole, or a decimal where a plugin sells by weight.
struct WooCommerceCount: Decodable, Hashable {
  /// Whole units that are there.
  let down: Int64
  /// Units of which a part is taken.
  let up: Int64

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let number =
      (try? container.decode(LossyInt.self)).map { Double($0.value) }
      ?? (try? container.decode(Double.self))
      ?? (try? container.decode(String.self)).flatMap(Double.init)
    guard let number, abs(number) <= Double(QuantityLimits.maximum),
      let less = Int64(exactly: number.rounded(.down)),
      let more = Int64(exactly: number.rounded(.up))
    else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a number was expected")
    }
    down = less
    up = more
  }
}

/// An entry of `meta_data`: anybody may write any kind of value; text and whole numbers are read.
struct WooCommerceMeta: Decodable {
  enum CodingKeys: String, CodingKey { case key, value }
  let key: String?
  let text: String?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    key = try? container.decode(String.self, forKey: .key)
    text =
      (try? container.decode(String.self, forKey: .value))
      ?? (try? container.decode(Int64.self, forKey: .value)).map(String.init)
  }
}

/// An order as webhooks and the API have it, by what matters to stock.
struct WooCommerceOrder: Decodable {
  enum CodingKeys: String, CodingKey {
    case id, status, refunds, shipping, billing
    case created = "date_created_gmt"
    case modified = "date_modified_gmt"
    case completed = "date_completed_gmt"
    case lines = "line_items"
    case meta = "meta_data"
    case shippingLines = "shipping_lines"
  }
  struct Line: Decodable {
    enum CodingKeys: String, CodingKey {
      case id, sku, name, quantity
      case productID = "product_id"
      case variationID = "variation_id"
      case meta = "meta_data"
    }
    var id: FlexibleID
    var productID: FlexibleID?
    var variationID: FlexibleID?
    var sku: Lossy<FlexibleID>?
    var name: Lossy<String>?
    var quantity: WooCommerceCount
    var meta: Lossy<[WooCommerceMeta]>?

    /// Refunded units of it that the site has put back, over all refunds
    /// (wc-order-functions.php, wc_restock_refunded_items).
    var restocked: Quantity {
      let entry = meta?.value?.first { $0.key == "_restock_refunded_items" }
      return max(0, entry?.text.flatMap { Int64($0) } ?? 0)
    }

    /// What a line sold. One of a product that is gone has no ID left: its code stands for it.
    var itemID: String {
      productID?.named ?? "custom:\(sku?.text.flatMap { $0.isEmpty ? nil : $0 } ?? id.text)"
    }
  }
  struct ShippingLine: Decodable {
    enum CodingKeys: String, CodingKey {
      case methodID = "method_id"
      case meta = "meta_data"
    }
    var methodID: Lossy<FlexibleID>?
    var meta: Lossy<[WooCommerceMeta]>?
  }
  struct Refund: Decodable {
    var id: FlexibleID
  }
  struct Address: Decodable {
    var country: Lossy<FlexibleID>?
    var state: Lossy<FlexibleID>?
    var city: Lossy<FlexibleID>?
    var postcode: Lossy<FlexibleID>?

    var known: ChannelAddress? {
      ChannelAddress(
        country: country?.text, regions: [state?.text, city?.text], postalCode: postcode?.text)
    }
  }
  var id: FlexibleID
  var status: String
  var created: String
  var modified: String
  var completed: String?
  var lines: [Line]
  var refunds: [Refund]?
  var shipping: Lossy<Address>?
  var billing: Lossy<Address>?
  var meta: Lossy<[WooCommerceMeta]>?
  var shippingLines: Lossy<[ShippingLine]>?

  var createTime: Timestamp? { Self.time(created) }

  /// WooCommerce's clock ticks in seconds, and an order is often placed and paid within one: then the
  /// status that comes later in an order's life is the newer one.
  var updateTime: Timestamp? {
    Self.time(modified).map { $0 + .microseconds(stage.rawValue) }
  }

  /// When it left; nil while it has not. What was set back from completed has not left.
  var leaveTime: Timestamp? {
    switch stage {
    case .draft, .unpaid, .open: nil
    case .completed, .ended: completed.flatMap(Self.time)
    }
  }

  var address: ChannelAddress? { shipping?.value?.known ?? billing?.value?.known }

  /// The fields `…_gmt` are in UTC and do not say so.
  static func time(_ text: String) -> Timestamp? {
    ChannelTime.iso8601(text.hasSuffix("Z") ? text : "\(text)Z")
  }

  /// How far an order has come, in the order of its life. A status that we do not know is a plugin's.
  enum Stage: Int64 {
    /// A basket at the checkout.
    case draft
    /// Payment is awaited, or has failed.
    case unpaid
    case open
    case completed
    case ended
  }

  var stage: Stage {
    switch status {
    case "checkout-draft", "auto-draft", "draft": .draft
    case "pending", "failed": .unpaid
    case "completed": .completed
    case "cancelled", "refunded", "trash": .ended
    default: .open
    }
  }

  /// What tells one state of the order from another, beside its status and time: the same for a
  /// webhook, its repetition and a poll.
  var mark: String {
    let lines = lines.map { "\($0.id)=\($0.quantity.up)/\($0.restocked)" }
    let refunds = (refunds ?? []).map(\.id.text).sorted()
    let text = (lines + ["refunds"] + refunds).joined(separator: ";")
    return "\(status):\(modified):\(ChannelSignature.digest(Array(text.utf8)))"
  }
}
