internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore

extension InboundServer {
  public func setPurchaseOrder(
    _ request: SetPurchaseOrderRequest, context: ServerContext
  ) async throws -> SetPurchaseOrderResponse {
    var check = RequestCheck()
    let command = check.required(request.purchaseOrder, "purchase_order").map {
      check.purchaseOrder($0)
    }
    check.requestID(request.requestID)
    try check.finish()
    guard let command else { preconditionFailure("a missing order was refused") }
    return try await pool.perform(
      .setPurchaseOrder(command), for: request, id: request.requestID, context
    ) { SetPurchaseOrderResponse(purchaseOrder: order($0, $1)) }
  }

  public func placePurchaseOrder(
    _ request: PlacePurchaseOrderRequest, context: ServerContext
  ) async throws -> PlacePurchaseOrderResponse {
    var check = RequestCheck()
    let id = check.purchaseOrderID(request.purchaseOrderID)
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .placePurchaseOrder(id), for: request, id: request.requestID, context
    ) { PlacePurchaseOrderResponse(purchaseOrder: order($0, $1)) }
  }

  public func receivePurchaseOrder(
    _ request: ReceivePurchaseOrderRequest, context: ServerContext
  ) async throws -> ReceivePurchaseOrderResponse {
    var check = RequestCheck()
    let command = ReceivePurchaseOrder(
      id: check.purchaseOrderID(request.purchaseOrderID),
      receipt: check.receipt(request.receipt, hasLots: true))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .receivePurchaseOrder(command), for: request, id: request.requestID, context
    ) { ReceivePurchaseOrderResponse(purchaseOrder: order($0, $1)) }
  }

  public func closePurchaseOrder(
    _ request: ClosePurchaseOrderRequest, context: ServerContext
  ) async throws -> ClosePurchaseOrderResponse {
    var check = RequestCheck()
    let command = EndDocument(
      id: check.purchaseOrderID(request.purchaseOrderID), reason: check.reason(request.reason),
      actor: check.actor(request.actor))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .closePurchaseOrder(command), for: request, id: request.requestID, context
    ) { ClosePurchaseOrderResponse(purchaseOrder: order($0, $1)) }
  }

  public func cancelPurchaseOrder(
    _ request: CancelPurchaseOrderRequest, context: ServerContext
  ) async throws -> CancelPurchaseOrderResponse {
    var check = RequestCheck()
    let command = EndDocument(
      id: check.purchaseOrderID(request.purchaseOrderID), reason: check.reason(request.reason),
      actor: check.actor(request.actor))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .cancelPurchaseOrder(command), for: request, id: request.requestID, context
    ) { CancelPurchaseOrderResponse(purchaseOrder: order($0, $1)) }
  }

  public func getPurchaseOrder(
    _ request: GetPurchaseOrderRequest, context: ServerContext
  ) async throws -> GetPurchaseOrderResponse {
    var check = RequestCheck()
    let id = check.purchaseOrderID(request.purchaseOrderID)
    try check.finish()
    let found = try await pool.document(DocumentKey(id), context)
    return GetPurchaseOrderResponse(purchaseOrder: try pool.named([found], order).first)
  }

  public func listPurchaseOrders(
    _ request: ListPurchaseOrdersRequest, context: ServerContext
  ) async throws -> ListPurchaseOrdersResponse {
    let page = try await pool.documents(
      .purchaseOrder, openOnly: request.openOnly, pageSize: request.pageSize,
      pageToken: request.pageToken, context)
    var orders = try pool.named(page.documents, order)
    for place in orders.indices { orders[place].receipts = [] }
    return ListPurchaseOrdersResponse(purchaseOrders: orders, nextPageToken: page.nextToken)
  }
}

extension RequestCheck {
  fileprivate mutating func purchaseOrderID(_ text: String) -> PurchaseOrderID {
    identifier(PurchaseOrderID.self, text, "purchase_order_id")
  }

  fileprivate mutating func purchaseOrder(_ order: PoolAPI.PurchaseOrder) -> SetPurchaseOrder {
    let lines = documentLines(order.lines, "purchase_order.lines", \.lineID) { check, line, path in
      SetPurchaseOrder.Line(
        lineID: line.lineID, sku: check.identifier(SKU.self, line.sku, "\(path).sku"),
        quantity: check.quantity(line.quantity, "\(path).quantity", in: 1...Limits.lineUnits),
        unitCost: check.integer(
          line.unitCostMinor, "\(path).unit_cost_minor", in: 0...Limits.unitCost))
    }
    count(order.charges, "purchase_order.charges", in: 0...Limits.charges)
    let sum = order.charges.prefix(Limits.charges).reduce(Int128(0)) { $0 + Int128($1.amountMinor) }
    if sum > Int128(Limits.chargesAmount) {
      refuse(
        "purchase_order.charges", "They come to \(sum); at most \(Limits.chargesAmount) is allowed."
      )
    }
    return SetPurchaseOrder(
      id: identifier(
        PurchaseOrderID.self, order.purchaseOrderID, "purchase_order.purchase_order_id"),
      supplier: text(
        order.supplier, "purchase_order.supplier", atMost: Limits.supplierBytes, mayBeEmpty: true),
      location: identifier(LocationID.self, order.locationID, "purchase_order.location_id"),
      currency: currency(order.currency, "purchase_order.currency"), lines: lines,
      charges: order.charges.prefix(Limits.charges).enumerated().compactMap {
        charge($1, "purchase_order.charges[\($0)]")
      },
      overTolerance: basisPoints(
        order.overToleranceBasisPoints, "purchase_order.over_tolerance_basis_points"),
      underTolerance: basisPoints(
        order.underToleranceBasisPoints, "purchase_order.under_tolerance_basis_points"),
      expectTime: order.expectTime, etag: order.etag)
  }

  private mutating func charge(
    _ charge: PoolAPI.Charge, _ path: String
  ) -> PoolDomain.PurchaseOrder.Charge? {
    let amount = integer(charge.amountMinor, "\(path).amount_minor", in: 1...Limits.chargeAmount)
    let kind: PoolDomain.PurchaseOrder.Charge.Kind
    switch charge.kind {
    case .freight: kind = .freight
    case .duty: kind = .duty
    case .insurance: kind = .insurance
    case .other: kind = .other
    case .unspecified, .unrecognized:
      refuse("\(path).kind", "It is missing or unknown.")
      return nil
    }
    switch charge.basis {
    case .quantity:
      return PoolDomain.PurchaseOrder.Charge(kind: kind, amount: amount, basis: .quantity)
    case .value: return PoolDomain.PurchaseOrder.Charge(kind: kind, amount: amount, basis: .value)
    case .unspecified, .unrecognized:
      refuse("\(path).basis", "It is missing or unknown.")
      return nil
    }
  }
}

private func order(_ document: Document, _ names: some Names) -> PoolAPI.PurchaseOrder {
  guard case .purchaseOrder(let order) = document else {
    preconditionFailure("\(document.key) is no purchase order")
  }
  return PoolAPI.PurchaseOrder(order, names)
}
