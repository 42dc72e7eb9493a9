public import ChannelAdapter

private struct ProvidersRequest: Encodable {
  enum CodingKeys: String, CodingKey { case orders }
  struct Order: Encodable {
    enum CodingKeys: String, CodingKey {
      case orderID = "order_id"
      case itemIDs = "order_item_ids"
    }
    var orderID: Int64
    var itemIDs: [Int64]
  }
  var orders: [Order]
}

private struct Providers: Decodable {
  enum CodingKeys: String, CodingKey {
    case allocateType = "shipping_allocate_type"
    case platformDefault = "platform_default"
    case providers = "shipment_providers"
  }
  struct Provider: Decodable {
    enum CodingKeys: String, CodingKey {
      case name
      case code = "provider_code"
    }
    var name: String?
    var code: String?
  }
  var allocateType: String?
  var platformDefault: Int64?
  var providers: [Provider]?

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    allocateType = try container.decodeIfPresent(String.self, forKey: .allocateType)
    // An empty list where nothing is to be chosen.
    platformDefault = (try? container.decode(LossyInt.self, forKey: .platformDefault))?.value
    providers = try container.decodeIfPresent([Provider].self, forKey: .providers)
  }
}

private struct PackRequest: Encodable {
  enum CodingKeys: String, CodingKey {
    case orders = "pack_order_list"
    case deliveryType = "delivery_type"
    case providerCode = "shipment_provider_code"
    case allocateType = "shipping_allocate_type"
  }
  struct Order: Encodable {
    enum CodingKeys: String, CodingKey {
      case orderID = "order_id"
      case itemIDs = "order_item_list"
    }
    var orderID: Int64
    var itemIDs: [Int64]
  }
  var orders: [Order]
  var deliveryType = "dropship"
  var providerCode: String?
  var allocateType: String
}

private struct Packed: Decodable {
  enum CodingKeys: String, CodingKey { case orders = "pack_order_list" }
  struct Order: Decodable {
    enum CodingKeys: String, CodingKey { case units = "order_item_list" }
    var units: [StepOutcome]
  }
  var orders: [Order]
}

private struct ReadyRequest: Encodable {
  struct Package: Encodable {
    enum CodingKeys: String, CodingKey { case id = "package_id" }
    var id: String
  }
  var packages: [Package]
}

private struct Ready: Decodable {
  var packages: [StepOutcome]
}

/// What became of one unit or package: a call is a success and this a failure.
private struct StepOutcome: Decodable {
  enum CodingKeys: String, CodingKey {
    case code = "item_err_code"
    case message = "msg"
    case packageID = "package_id"
    case mayRetry = "retry"
  }
  var code: FlexibleID?
  var message: String?
  var packageID: FlexibleID?
  var mayRetry: LossyBool?

  func check() throws(ChannelError) {
    let code = code?.text ?? "0"
    guard code != "0", !code.isEmpty else { return }
    let text = "\(code): \(message ?? "")"
    throw mayRetry?.value == true ? .unavailable(text) : .refused(text)
  }
}

extension LazadaAdapter {
  /// Packs the units that wait, then says of each package that it is ready to ship. The tracking
  /// number is Lazada's own. Units that are past a step are left as they are, so that telling it
  /// twice is a success.
  public func markShipped(_ notice: ShippedNotice, api: ChannelAPI) async throws(ChannelError) {
    guard let orderID = Int64(notice.orderExternalID) else {
      throw .refused("order ID \(notice.orderExternalID) is not a number")
    }
    let units = try await units(of: notice.orderExternalID, api)
      .filter { $0.isFulfilledByLazada?.value != true }
    guard !units.isEmpty else { throw .notFound("Lazada has no items for order \(orderID)") }
    let chosen = choose(units, notice)
    var packages: [String] = []
    let waiting = chosen.filter { $0.stage == .waiting }
    if !waiting.isEmpty {
      packages += try await pack(waiting, orderID, notice, api)
    }
    for unit in chosen where unit.stage == .packed {
      guard let package = unit.packageID?.named else {
        throw .malformed("item \(unit.orderItemID) is packed and has no package_id")
      }
      packages.append(package)
    }
    var seen: Set<String> = []
    packages = packages.filter { seen.insert($0).inserted }
    guard !packages.isEmpty else {
      if chosen.isEmpty { throw .refused("order \(orderID) has nothing left to ship") }
      return
    }
    let request = ReadyRequest(packages: packages.map { ReadyRequest.Package(id: $0) })
    let ready = try await LazadaClient(api: api).post(
      "/order/package/rts", [("readyToShipReq", ChannelJSON.encodeText(request))],
      as: LazadaResult<Ready>.self
    ).content()
    for package in ready.packages { try package.check() }
  }

  /// The units that the notice means: of each line as many as left; all that live when the notice
  /// names no line. Units are alike and Lazada keeps no mark of ours, so those come first that an
  /// earlier try of this notice has packed, then those that wait. Only a notice of a part, repeated
  /// after its last call had worked, takes more.
  private func choose(_ units: [LazadaUnit], _ notice: ShippedNotice) -> [LazadaUnit] {
    let alive = units.filter { $0.stage != .cancelled }
    guard !notice.lines.isEmpty else { return alive }
    var chosen: [LazadaUnit] = []
    for line in notice.lines {
      let candidates = alive.filter { $0.lineID == line.lineID }
        .sorted { ($0.rank, $0.orderItemID.text) < ($1.rank, $1.orderItemID.text) }
      chosen += candidates.prefix(Int(clamping: max(0, line.quantity)))
    }
    return chosen
  }

  private func pack(
    _ units: [LazadaUnit], _ orderID: Int64, _ notice: ShippedNotice, _ api: ChannelAPI
  ) async throws(ChannelError) -> [String] {
    let ids = units.compactMap { Int64($0.orderItemID.text) }
    guard ids.count == units.count else { throw .malformed("an order_item_id is not a number") }
    let client = LazadaClient(api: api)
    let ask = ProvidersRequest(orders: [.init(orderID: orderID, itemIDs: ids)])
    let providers = try await client.get(
      "/order/shipment/providers/get",
      [("getShipmentProvidersReq", ChannelJSON.encodeText(ask))],
      as: LazadaResult<Providers>.self
    ).content()
    // 0: the seller must choose one.
    let mustChoose = providers.platformDefault == 0
    let offered = providers.providers ?? []
    let provider =
      offered.first { $0.name?.lowercased() == notice.carrier.lowercased() } ?? offered.first
    let request = PackRequest(
      orders: [.init(orderID: orderID, itemIDs: ids)],
      providerCode: mustChoose ? provider?.code : nil,
      allocateType: providers.allocateType ?? "TFS")
    let packed = try await client.post(
      "/order/fulfill/pack", [("packReq", ChannelJSON.encodeText(request))],
      as: LazadaResult<Packed>.self
    ).content()
    var packages: [String] = []
    for unit in packed.orders.flatMap(\.units) {
      try unit.check()
      guard let package = unit.packageID?.named else {
        throw .malformed("a packed item has no package_id")
      }
      packages.append(package)
    }
    return packages
  }
}

extension LazadaUnit {
  fileprivate var rank: Int {
    switch stage {
    case .packed: 0
    case .waiting: 1
    case .readyToShip: 2
    case .left: 3
    case .cancelled: 4
    }
  }
}
