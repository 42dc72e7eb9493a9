internal import ChannelAdapter
internal import Primitives

/// An order as TikTok Shop has it.
struct TikTokShopOrder: Decodable {
  enum CodingKeys: String, CodingKey {
    case id, status
    case createTime = "create_time"
    case updateTime = "update_time"
    case collectionTime = "collection_time"
    case fulfilmentType = "fulfillment_type"
    case shippingType = "shipping_type"
    case deliveryOptionID = "delivery_option_id"
    case address = "recipient_address"
    case units = "line_items"
  }
  struct Address: Decodable {
    enum CodingKeys: String, CodingKey {
      case country = "region_code"
      case postalCode = "postal_code"
      case districts = "district_info"
    }
    struct District: Decodable {
      enum CodingKeys: String, CodingKey {
        case name = "address_name"
        case level = "address_level"
      }
      var name: Lossy<FlexibleID>?
      var level: Lossy<FlexibleID>?
    }
    var country: Lossy<FlexibleID>?
    var postalCode: Lossy<FlexibleID>?
    var districts: Lossy<[District]>?

    /// L0 is the country, which has its code.
    var regions: [String?] {
      (districts?.value ?? []).filter { $0.level?.text != "L0" }.map { $0.name?.text }
    }
  }
  var id: FlexibleID
  var status: String
  var createTime: LossyInt
  var updateTime: LossyInt?
  var collectionTime: Lossy<LossyInt>?
  var fulfilmentType: Lossy<String>?
  var shippingType: Lossy<String>?
  var deliveryOptionID: Lossy<FlexibleID>?
  var address: Lossy<Address>?
  var units: [TikTokShopUnit]?

  /// TikTok, or Tokopedia's logistics, ships it from its own warehouse.
  var isForeign: Bool {
    let type = fulfilmentType?.value?.uppercased() ?? ""
    return type.hasSuffix("BY_TIKTOK") || type.contains("DILAYANI_TOKOPEDIA")
  }

  /// Its courier is TikTok's, which gives the label and the tracking number.
  var isShippedByTikTok: Bool { shippingType?.value?.uppercased() == "TIKTOK" }

  var isCancelled: Bool { Self.says(status, "CANCEL") }
  var isUnpaid: Bool { status.uppercased() == "UNPAID" }
  /// The buyer may still cancel without anybody's leave.
  var isOnHold: Bool { status.uppercased() == "ON_HOLD" }

  private var isCollected: Bool { (collectionTime?.value?.value ?? 0) > 0 }

  /// `CANCEL` in events, `CANCELLED` in answers.
  private static func says(_ status: String, _ word: String) -> Bool {
    status.uppercased().hasPrefix(word)
  }

  /// A status that we do not know takes stock, as an unpaid order does: too few on sale is the lesser harm. What
  /// was cancelled after the courier had it (lost, sent back) has left.
  func stage(of unit: TikTokShopUnit) -> TikTokShopUnit.Stage {
    let status = (unit.status ?? status).uppercased()
    if isCancelled || Self.says(status, "CANCEL") { return hasLeft(unit) ? .left : .cancelled }
    return switch status {
    case "AWAITING_COLLECTION": .arranged
    case "IN_TRANSIT", "DELIVERED", "COMPLETED": .left
    default: .waiting
    }
  }

  private func hasLeft(_ unit: TikTokShopUnit) -> Bool {
    switch unit.packageStatus.uppercased() {
    case "FULFILLING", "COMPLETED": true
    case "TO_FULFILL", "PROCESSING": false
    default: isCollected && unit.isArranged
    }
  }

  /// The units that a list of lines means: of each line as many as it says, all that live when no line is named.
  /// Units are alike, so those come first that `rank` puts first. A bundle is taken when all of its parts are wanted.
  func choose(
    _ lines: [(lineID: String, quantity: Quantity)],
    rank: (TikTokShopUnit, TikTokShopUnit.Stage) -> Int
  ) -> [TikTokShopUnit] {
    let alive = (units ?? []).map { (unit: $0, stage: stage(of: $0)) }
      .filter { $0.stage != .cancelled }
    guard !lines.isEmpty else { return alive.map(\.unit) }
    var wanted: [String: Quantity] = [:]
    for line in lines { wanted[line.lineID, default: 0] += line.quantity }
    let sorted = alive.map { (unit: $0.unit, rank: rank($0.unit, $0.stage)) }
      .sorted { ($0.rank, $0.unit.id.text) < ($1.rank, $1.unit.id.text) }
    var chosen: [TikTokShopUnit] = []
    for (unit, _) in sorted {
      guard unit.parts.allSatisfy({ wanted[$0.lineID, default: 0] >= $0.count }) else { continue }
      for part in unit.parts { wanted[part.lineID, default: 0] -= part.count }
      chosen.append(unit)
    }
    return chosen
  }
}
