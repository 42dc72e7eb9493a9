internal import ChannelAdapter
internal import Primitives

/// One unit of an order: TikTok's line items have no quantity.
struct TikTokShopUnit: Decodable {
  enum CodingKeys: String, CodingKey {
    case id
    case skuID = "sku_id"
    case productID = "product_id"
    case sellerSKU = "seller_sku"
    case productName = "product_name"
    case skuName = "sku_name"
    case status = "display_status"
    case packageID = "package_id"
    case packageStatus = "package_status"
    case shipTime = "rts_time"
    case trackingNumber = "tracking_number"
    case parts = "combined_listing_skus"
  }
  private struct Combined: Decodable {
    enum CodingKeys: String, CodingKey {
      case skuID = "sku_id"
      case productID = "product_id"
      case sellerSKU = "seller_sku"
      case count = "sku_count"
    }
    var skuID: FlexibleID
    var productID: FlexibleID?
    var sellerSKU: FlexibleID?
    var count: LossyInt?
  }
  /// A listing that the unit takes from, and how many units of it.
  struct Part: Equatable {
    /// What tells SKUs apart, and so the line's name for us.
    var lineID: String
    var productID: String
    var skuID: String
    var sellerSKU: String
    var count: Quantity
  }

  var id: FlexibleID
  var title: String
  var status: String?
  var packageID: String?
  var packageStatus: String
  var trackingNumber: String
  /// Whether the seller has arranged its shipment.
  var isArranged: Bool
  /// What it takes: itself, or the SKUs of a virtual bundle, whose own stock cannot be set (12052850).
  var parts: [Part]

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(FlexibleID.self, forKey: .id)
    let names = [CodingKeys.productName, .skuName].compactMap {
      try? container.decode(String.self, forKey: $0)
    }
    title = names.filter { !$0.isEmpty }.joined(separator: ", ")
    status = try container.decodeIfPresent(String.self, forKey: .status)
    packageID = try container.decodeIfPresent(FlexibleID.self, forKey: .packageID)?.named
    packageStatus = (try? container.decode(String.self, forKey: .packageStatus)) ?? ""
    trackingNumber = (try? container.decode(String.self, forKey: .trackingNumber)) ?? ""
    isArranged = ((try? container.decode(LossyInt.self, forKey: .shipTime))?.value ?? 0) > 0
    let skuID = try container.decodeIfPresent(FlexibleID.self, forKey: .skuID)?.named
    let sellerSKU = try container.decodeIfPresent(FlexibleID.self, forKey: .sellerSKU)?.text ?? ""
    let productID = try container.decodeIfPresent(FlexibleID.self, forKey: .productID)?.named
    let lineID = skuID ?? (sellerSKU.isEmpty ? id.text : sellerSKU)
    let combined = try container.decodeIfPresent([Combined].self, forKey: .parts) ?? []
    guard combined.isEmpty else {
      parts = try combined.map { part in
        let count = part.count?.value ?? 1
        guard (1...QuantityLimits.maximum).contains(count) else {
          throw DecodingError.dataCorruptedError(
            forKey: .parts, in: container, debugDescription: "a sku_count of \(count)")
        }
        return Part(
          lineID: part.skuID.text, productID: part.productID?.named ?? "",
          skuID: part.skuID.text, sellerSKU: part.sellerSKU?.text ?? "", count: count)
      }
      return
    }
    parts = [
      Part(
        lineID: lineID, productID: productID ?? lineID, skuID: skuID ?? "", sellerSKU: sellerSKU,
        count: 1)
    ]
  }

  enum Stage {
    case waiting, arranged, left, cancelled
  }
}
