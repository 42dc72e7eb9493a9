internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore

extension InboundServer {
  public func setTransfer(
    _ request: SetTransferRequest, context: ServerContext
  ) async throws -> SetTransferResponse {
    var check = RequestCheck()
    let command = check.required(request.transfer, "transfer").map { check.transfer($0) }
    check.requestID(request.requestID)
    try check.finish()
    guard let command else { preconditionFailure("a missing transfer was refused") }
    return try await pool.perform(
      .setTransfer(command), for: request, id: request.requestID, context
    ) {
      SetTransferResponse(transfer: transfer($0, $1))
    }
  }

  public func shipTransfer(
    _ request: ShipTransferRequest, context: ServerContext
  ) async throws -> ShipTransferResponse {
    var check = RequestCheck()
    let command = ShipTransfer(
      id: check.transferID(request.transferID), actor: check.actor(request.actor))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .shipTransfer(command), for: request, id: request.requestID, context
    ) { ShipTransferResponse(transfer: transfer($0, $1)) }
  }

  public func receiveTransfer(
    _ request: ReceiveTransferRequest, context: ServerContext
  ) async throws -> ReceiveTransferResponse {
    var check = RequestCheck()
    let command = ReceiveTransfer(
      id: check.transferID(request.transferID),
      receipt: check.receipt(request.receipt, hasLots: false))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .receiveTransfer(command), for: request, id: request.requestID, context
    ) { ReceiveTransferResponse(transfer: transfer($0, $1)) }
  }

  public func writeOffTransfer(
    _ request: WriteOffTransferRequest, context: ServerContext
  ) async throws -> WriteOffTransferResponse {
    var check = RequestCheck()
    let command = EndDocument(
      id: check.transferID(request.transferID),
      reason: check.reason(request.reason, isRequired: true), actor: check.actor(request.actor))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .writeOffTransfer(command), for: request, id: request.requestID, context
    ) { WriteOffTransferResponse(transfer: transfer($0, $1)) }
  }

  public func cancelTransfer(
    _ request: CancelTransferRequest, context: ServerContext
  ) async throws -> CancelTransferResponse {
    var check = RequestCheck()
    let command = EndDocument(
      id: check.transferID(request.transferID), reason: check.reason(request.reason),
      actor: check.actor(request.actor))
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(
      .cancelTransfer(command), for: request, id: request.requestID, context
    ) { CancelTransferResponse(transfer: transfer($0, $1)) }
  }

  public func getTransfer(
    _ request: GetTransferRequest, context: ServerContext
  ) async throws -> GetTransferResponse {
    var check = RequestCheck()
    let id = check.transferID(request.transferID)
    try check.finish()
    let found = try await pool.document(DocumentKey(id), context)
    return GetTransferResponse(transfer: try pool.named([found], transfer).first)
  }

  public func listTransfers(
    _ request: ListTransfersRequest, context: ServerContext
  ) async throws -> ListTransfersResponse {
    let page = try await pool.documents(
      .transfer, openOnly: request.openOnly, pageSize: request.pageSize,
      pageToken: request.pageToken, context)
    var transfers = try pool.named(page.documents, transfer)
    for place in transfers.indices { transfers[place].receipts = [] }
    return ListTransfersResponse(transfers: transfers, nextPageToken: page.nextToken)
  }
}

extension RequestCheck {
  fileprivate mutating func transferID(_ text: String) -> TransferID {
    identifier(TransferID.self, text, "transfer_id")
  }

  fileprivate mutating func transfer(_ transfer: PoolAPI.Transfer) -> SetTransfer {
    let lines = documentLines(transfer.lines, "transfer.lines", \.lineID) { check, line, path in
      SetTransfer.Line(
        lineID: line.lineID, sku: check.identifier(SKU.self, line.sku, "\(path).sku"),
        quantity: check.quantity(line.quantity, "\(path).quantity", in: 1...Limits.lineUnits))
    }
    if !transfer.sourceLocationID.isEmpty,
      transfer.sourceLocationID == transfer.destinationLocationID
    {
      refuse("transfer.destination_location_id", "It is the source.")
    }
    return SetTransfer(
      id: identifier(TransferID.self, transfer.transferID, "transfer.transfer_id"),
      source: identifier(
        LocationID.self, transfer.sourceLocationID, "transfer.source_location_id"),
      destination: identifier(
        LocationID.self, transfer.destinationLocationID, "transfer.destination_location_id"),
      lines: lines, expectTime: transfer.expectTime, etag: transfer.etag)
  }
}

private func transfer(_ document: Document, _ names: some Names) -> PoolAPI.Transfer {
  guard case .transfer(let transfer) = document else {
    preconditionFailure("\(document.key) is no transfer")
  }
  return PoolAPI.Transfer(transfer, names)
}
