import Kit
import PoolAPI
import Primitives
import RPCCore
import Synchronization

/// A pool that keeps to its contract and to one location.
final class FakePool: PoolServiceHandler {
  struct Line: Equatable, Sendable {
    var sku: String
    var sold: Int64 = 0
    var cancelled: Int64 = 0
    var shipped: Int64 = 0
  }

  struct State {
    var onHand: [String: Int64] = [:]
    var lines: [String: [String: Line]] = [:]
    /// What orders took and gave back, in order.
    var movements: [Movement] = []
    /// Units that were not there, by order and SKU.
    var oversold: [String: [String: Int64]] = [:]
    var holds: [String: Hold] = [:]
    /// What each was first asked for.
    var askedLines: [String: [HoldLine]] = [:]
    /// The answers to edits, by their request.
    var edits: [String: Hold] = [:]
    var answers: [String: RecordSaleResponse] = [:]
    /// What listings may show by a buffer of their own, by SKU.
    var own: [String: [String: Int64]] = [:]
    /// What promotions keep of a SKU, and for which channels.
    var kept: [String: [(channels: Set<String>, units: Int64)]] = [:]
    /// Where customers were said to be, by order and hold.
    var zones: [String: String] = [:]
    /// Which location each order's lines were last said to leave.
    var saleLocations: [String: Set<String>] = [:]
    /// What was reported, one after the other.
    var lags: [[ChannelLag]] = []
    /// What was available at any past moment that is asked for.
    var pastAvailable: [String: Int64] = [:]
    var sequence: Int64 = 0
    var changes: [(sequence: Int64, sku: String, time: Timestamp)] = []
  }

  let faults: Faults
  let signal = FeedSignal()
  let state = Mutex(State())

  init(_ faults: Faults) {
    self.faults = faults
  }

  /// Units that orders have taken, line by line.
  var net: [String: Int64] {
    state.withLock { state in
      var net: [String: Int64] = [:]
      for (order, lines) in state.lines {
        for (line, value) in lines where value.sold != value.cancelled {
          net["\(order) \(line) \(value.sku)"] = value.sold - value.cancelled
        }
      }
      return net
    }
  }

  func available(_ sku: String) -> Int64 { state.withLock { Self.available(sku, $0) } }

  private static func available(_ sku: String, _ state: State) -> Int64 {
    var count = state.onHand[sku] ?? 0
    for lines in state.lines.values {
      for line in lines.values where line.sku == sku { count -= line.sold - line.cancelled }
    }
    for hold in state.holds.values where hold.state == .held {
      for line in hold.lines where line.sku == sku { count -= line.quantity }
    }
    return count
  }

  func receive(_ sku: String, _ units: Int64) {
    change { state in
      state.onHand[sku, default: 0] += units
      return [sku]
    }
  }

  /// Keeps units of a SKU from all channels but some.
  func keep(_ sku: String, _ kept: [(Set<String>, Int64)]) {
    change { state in
      state.kept[sku] = kept.map { (channels: $0.0, units: $0.1) }
      return [sku]
    }
  }

  /// Gives a listing a number of its own for a SKU, or takes it away.
  func setOwn(_ sku: String, _ listing: String, _ count: Int64?) {
    change { state in
      state.own[sku, default: [:]][listing] = count
      return [sku]
    }
  }

  /// Changes the state and tells who watches of the SKUs that it returns.
  @discardableResult
  private func change<T>(_ body: (inout State) throws -> T) rethrows -> T
  where T: Sequence<String> {
    let (skus, sequence) = try state.withLock { state in
      let skus = try body(&state)
      for sku in skus {
        state.sequence += 1
        state.changes.append((state.sequence, sku, SystemClock().now()))
      }
      return (skus, state.sequence)
    }
    signal.raise(to: sequence)
    return skus
  }

  func listLocations(
    _ request: ListLocationsRequest, context: ServerContext
  ) async throws -> ListLocationsResponse {
    ListLocationsResponse(locations: ["MAIN", "STORE"].map { Location(locationID: $0) })
  }

  func getSku(_ request: GetSkuRequest, context: ServerContext) async throws -> GetSkuResponse {
    guard state.withLock({ $0.onHand[request.sku] }) != nil else {
      throw RPCError(.notFound, "SKU_UNKNOWN", "No SKU \(request.sku).", ["sku": request.sku])
    }
    return GetSkuResponse(sku: Sku(sku: request.sku))
  }

  func recordSale(
    _ request: RecordSaleRequest, context: ServerContext
  ) async throws -> RecordSaleResponse {
    try faults.step("recordSale") {
      if let known = state.withLock({ $0.answers[request.requestID] }) { return known }
      var oversold: Int64 = 0
      try change { state in
        for line in request.lines {
          guard state.onHand[line.sku] != nil else {
            throw RPCError(
              .invalidArgument, "SKU_UNKNOWN", "No SKU \(line.sku).", ["sku": line.sku])
          }
          let known = state.lines[request.orderID]?[line.lineID]
          guard known.map({ $0.sku == line.sku && $0.sold <= line.quantity }) ?? true else {
            throw RPCError(.failedPrecondition, "LINE_CONFLICT", "Line \(line.lineID).")
          }
        }
        state.zones[request.orderID] = request.zone
        state.saleLocations[request.orderID] = Set(request.lines.map(\.locationID))
        for line in request.lines {
          let before = Self.available(line.sku, state)
          var known = state.lines[request.orderID]?[line.lineID] ?? Line(sku: line.sku)
          let lacking = max(0, line.quantity - known.sold - max(0, before))
          oversold += lacking
          if lacking > 0 { state.oversold[request.orderID, default: [:]][line.sku] = lacking }
          state.move(.sold, line.sku, line.quantity - known.sold, request.orderID)
          known.sold = line.quantity
          state.lines[request.orderID, default: [:]][line.lineID] = known
        }
        return request.lines.map(\.sku)
      }
      return state.withLock { state in
        let response = RecordSaleResponse(oversoldCount: oversold, sequence: state.sequence)
        state.answers[request.requestID] = response
        return response
      }
    }
  }

  func reportLag(
    _ request: ReportLagRequest, context: ServerContext
  ) async throws -> ReportLagResponse {
    try faults.step("reportLag") {
      state.withLock { $0.lags.append(request.lags) }
      return ReportLagResponse(changedCount: 1)
    }
  }

  func cancelSale(
    _ request: CancelSaleRequest, context: ServerContext
  ) async throws -> CancelSaleResponse {
    try faults.step("cancelSale") {
      try change { state in
        var skus: [String] = []
        for total in request.lines {
          guard var line = state.lines[request.orderID]?[total.lineID] else {
            throw RPCError(.notFound, "LINE_UNKNOWN", "Line \(total.lineID).")
          }
          guard total.totalCount <= line.sold - line.shipped else {
            throw RPCError(.failedPrecondition, "SALE_SHIPPED", "Line \(total.lineID).")
          }
          let units = max(0, total.totalCount - line.cancelled)
          state.move(.cancelled, line.sku, units, request.orderID)
          line.cancelled = max(line.cancelled, total.totalCount)
          state.lines[request.orderID]?[total.lineID] = line
          skus.append(line.sku)
        }
        return skus
      }
      return CancelSaleResponse()
    }
  }

  func shipSale(_ request: ShipSaleRequest, context: ServerContext) async throws -> ShipSaleResponse
  {
    try faults.step("shipSale") {
      state.withLock { state in
        for total in request.lines {
          state.lines[request.orderID]?[total.lineID]?.shipped = total.totalCount
        }
      }
      return ShipSaleResponse()
    }
  }

  func createHold(
    _ request: CreateHoldRequest, context: ServerContext
  ) async throws -> CreateHoldResponse {
    try faults.step("createHold") {
      var made: Hold?
      try change { state -> [String] in
        if let known = state.holds[request.holdID] {
          guard known.owner == request.owner,
            state.askedLines[request.holdID] == request.lines
          else {
            throw RPCError(.alreadyExists, "HOLD_EXISTS", "Hold \(request.holdID).")
          }
          made = known
          return []
        }
        for line in request.lines where state.onHand[line.sku] == nil {
          throw RPCError(
            .invalidArgument, "SKU_UNKNOWN", "No SKU \(line.sku).", ["sku": line.sku])
        }
        for line in request.lines where Self.available(line.sku, state) < line.quantity {
          throw RPCError(
            .failedPrecondition, "INSUFFICIENT_STOCK", "Too little of \(line.sku).",
            ["sku": line.sku])
        }
        let hold = Hold(
          holdID: request.holdID, owner: request.owner, state: .held,
          expireTime: request.expireTime, lines: request.lines, etag: "v1")
        state.holds[request.holdID] = hold
        state.askedLines[request.holdID] = request.lines
        state.zones[request.holdID] = request.zone
        made = hold
        return request.lines.map(\.sku)
      }
      return CreateHoldResponse(hold: made)
    }
  }

  func getHold(_ request: GetHoldRequest, context: ServerContext) async throws -> GetHoldResponse {
    guard let hold = state.withLock({ $0.holds[request.holdID] }) else {
      throw Self.unknown(request.holdID)
    }
    return GetHoldResponse(hold: hold)
  }

  func commitHold(
    _ request: CommitHoldRequest, context: ServerContext
  ) async throws -> CommitHoldResponse {
    try faults.step("commitHold") {
      try end(request.holdID, as: .committed)
      return try state.withLock { state in
        if !request.lines.isEmpty { state.holds[request.holdID]?.lines = request.lines }
        guard let hold = state.holds[request.holdID] else { throw Self.unknown(request.holdID) }
        var lines: [SaleLineState] = []
        for (index, line) in hold.lines.enumerated() {
          let id = "\(index + 1)"
          state.lines[request.orderID, default: [:]][id] = Line(sku: line.sku, sold: line.quantity)
          let taken = Allocation(locationID: line.locationID, quantity: line.quantity)
          lines.append(
            SaleLineState(
              lineID: id, sku: line.sku, soldCount: line.quantity,
              allocations: line.locationID.isEmpty ? [] : [taken]))
        }
        return CommitHoldResponse(hold: hold, lines: lines)
      }
    }
  }

  func extendHold(
    _ request: ExtendHoldRequest, context: ServerContext
  ) async throws -> ExtendHoldResponse {
    ExtendHoldResponse(
      hold: try state.withLock { state in
        guard state.holds[request.holdID] != nil else { throw Self.unknown(request.holdID) }
        state.holds[request.holdID]?.expireTime = request.expireTime
        return state.holds[request.holdID]
      })
  }

  func editHold(
    _ request: EditHoldRequest, context: ServerContext
  ) async throws -> EditHoldResponse {
    EditHoldResponse(
      hold: try state.withLock { state in
        guard var hold = state.holds[request.holdID] else { throw Self.unknown(request.holdID) }
        if let known = state.edits[request.requestID] { return known }
        guard hold.etag == request.etag else {
          throw RPCError(.aborted, "ETAG_MISMATCH", "It is at version \(hold.etag).")
        }
        for delta in request.lines {
          for number in hold.lines.indices where hold.lines[number].sku == delta.sku {
            hold.lines[number].quantity += delta.deltaCount
          }
        }
        hold.etag = "v\((Int(hold.etag.dropFirst()) ?? 0) + 1)"
        state.holds[request.holdID] = hold
        state.edits[request.requestID] = hold
        return hold
      })
  }

  func releaseHold(
    _ request: ReleaseHoldRequest, context: ServerContext
  ) async throws -> ReleaseHoldResponse {
    try faults.step("releaseHold") {
      try end(request.holdID, as: .released)
      return ReleaseHoldResponse(hold: state.withLock { $0.holds[request.holdID] })
    }
  }

  private func end(_ holdID: String, as end: Hold.State) throws {
    try change { state in
      guard let hold = state.holds[holdID] else { throw Self.unknown(holdID) }
      guard hold.state == .held || hold.state == end else {
        throw RPCError(
          .failedPrecondition, "HOLD_ENDED", "Hold \(holdID) is \(hold.state).",
          ["holdId": holdID, "state": "\(hold.state)"])
      }
      state.holds[holdID]?.state = end
      return hold.lines.map(\.sku)
    }
  }

  private static func unknown(_ holdID: String) -> RPCError {
    RPCError(.notFound, "HOLD_UNKNOWN", "No hold \(holdID).", ["holdId": holdID])
  }

  func getAvailability(
    _ request: GetAvailabilityRequest, context: ServerContext
  ) async throws -> GetAvailabilityResponse {
    let (count, sequence) = try state.withLock { state in
      guard state.onHand[request.sku] != nil else {
        throw RPCError(.notFound, "SKU_UNKNOWN", "No SKU.", ["sku": request.sku])
      }
      return (Self.available(request.sku, state), state.sequence)
    }
    return GetAvailabilityResponse(
      sku: request.sku, availableCount: count,
      channels: request.channelIDs.map {
        ChannelAvailability(channelID: $0, availableToSellCount: max(0, count))
      }, sequence: sequence)
  }

  func watchAvailability(
    _ request: WatchAvailabilityRequest, responses: ResponseWriter<WatchAvailabilityResponse>,
    context: ServerContext
  ) async throws {
    var seen = request.afterSequence
    if seen == 0 {
      let (skus, sequence) = state.withLock { ($0.onHand.keys.sorted(), $0.sequence) }
      for sku in skus {
        try await responses.write(message(sku, request, sequence, nil, snapshot: true))
      }
      try await responses.write(WatchAvailabilityResponse(sequence: sequence, snapshot: true))
      seen = sequence
    }
    while !Task.isCancelled {
      let changes = state.withLock { $0.changes.filter { $0.sequence > seen } }
      for change in changes {
        try await responses.write(
          message(change.sku, request, change.sequence, change.time, snapshot: false))
        seen = change.sequence
      }
      await signal.wait(past: seen)
    }
  }

  private func message(
    _ sku: String, _ request: WatchAvailabilityRequest, _ sequence: Int64, _ time: Timestamp?,
    snapshot: Bool
  ) -> WatchAvailabilityResponse {
    let count = available(sku)
    let (own, kept) = state.withLock { ($0.own[sku] ?? [:], $0.kept[sku] ?? []) }
    return WatchAvailabilityResponse(
      sku: sku,
      channels: request.channelIDs.map { channel in
        ChannelAvailability(
          channelID: channel,
          availableToSellCount: max(
            0, count - kept.filter { !$0.channels.contains(channel) }.reduce(0) { $0 + $1.units }),
          listings: own.map {
            ListingAvailability(listingID: $0.key, availableToSellCount: $0.value)
          }
        )
      },
      availableCount: count, sequence: sequence, commitTime: time, snapshot: snapshot)
  }
}
