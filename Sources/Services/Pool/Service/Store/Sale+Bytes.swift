internal import PoolDomain
internal import Primitives

/// A sale as the sweep keeps it. Its order is the key.
extension Sale {
  func write(to writer: inout ByteWriter) {
    writer.text(channelID?.text ?? "")
    writer.integer(sequence)
    writer.count(lines.count)
    for line in lines {
      writer.text(line.id)
      writer.unsigned(UInt64(line.sku.number))
      writer.integer(line.sold)
      writer.integer(line.cancelled)
      writer.integer(line.shipped)
      writer.integer(line.returned)
      writer.integer(line.oversold)
      writer.count(line.allocations.count)
      for allocation in line.allocations {
        writer.unsigned(UInt64(allocation.location.number))
        writer.integer(allocation.taken)
        writer.integer(allocation.cancelled)
        writer.integer(allocation.shipped)
      }
    }
    let hasAllotments = lines.contains { !$0.allotments.isEmpty }
    if source != nil || !bundles.isEmpty || hasAllotments {
      writer.text(source?.holdID.text ?? "")
      writer.count(source?.lineCount ?? 0)
    }
    let isRetaken = source?.isRetaken ?? false
    if !bundles.isEmpty || hasAllotments || isRetaken { writer.write(bundles) }
    if hasAllotments || isRetaken {
      for line in lines {
        writer.count(line.allotments.count)
        for use in line.allotments {
          writer.unsigned(UInt64(use.promotion.number))
          writer.integer(use.quantity)
        }
      }
    }
    if isRetaken { writer.byte(1) }
  }

  init(orderID: OrderID, number: Int64 = 0, bytes: [UInt8]) throws(ByteReader.Malformed) {
    var reader = ByteReader(bytes)
    let channel = try reader.text()
    let sequence = try reader.integer()
    var lines: [SaleLine] = []
    for _ in 0..<(try reader.count()) { lines.append(try Self.line(&reader)) }
    // Only a sale that was a hold, has bundles, or took from allotments has more; older stores wrote
    // nothing of it.
    var source: Source?
    if !reader.isAtEnd {
      let holdID = try reader.text()
      let lineCount = try reader.index()
      if !holdID.isEmpty {
        source = Source(holdID: HoldID(trusted: holdID), lineCount: lineCount)
      }
    }
    let bundles = reader.isAtEnd ? [] : try reader.saleBundles()
    if !reader.isAtEnd {
      for number in lines.indices {
        lines[number] = try Self.allotments(of: lines[number], &reader)
      }
    }
    if !reader.isAtEnd { source?.isRetaken = try reader.byte() == 1 }
    guard reader.isAtEnd, source.map({ $0.lineCount > 0 && $0.lineCount <= lines.count }) ?? true
    else {
      throw ByteReader.Malformed()
    }
    self.init(
      orderID: orderID, channelID: channel.isEmpty ? nil : ChannelID(trusted: channel),
      source: source, lines: lines, bundles: bundles, sequence: sequence, number: number)
    guard isWhole else { throw ByteReader.Malformed() }
  }

  private static func allotments(
    of line: SaleLine, _ reader: inout ByteReader
  ) throws(ByteReader.Malformed) -> SaleLine {
    var uses: [AllotmentUse] = []
    for _ in 0..<(try reader.count()) {
      uses.append(AllotmentUse(PromotionIndex(try reader.index()), try reader.integer()))
    }
    return SaleLine(
      id: line.id, sku: line.sku, sold: line.sold, cancelled: line.cancelled,
      shipped: line.shipped, returned: line.returned, oversold: line.oversold,
      allocations: line.allocations, allotments: uses)
  }

  private static func line(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> SaleLine {
    let id = try reader.text()
    let sku = SKUIndex(try reader.index())
    let sold = try reader.integer()
    let cancelled = try reader.integer()
    let shipped = try reader.integer()
    let returned = try reader.integer()
    let oversold = try reader.integer()
    var allocations = Allocations()
    for _ in 0..<(try reader.count()) {
      allocations.append(
        Allocation(
          location: LocationIndex(try reader.index()), taken: try reader.integer(),
          cancelled: try reader.integer(), shipped: try reader.integer()))
    }
    return SaleLine(
      id: id, sku: sku, sold: sold, cancelled: cancelled, shipped: shipped, returned: returned,
      oversold: oversold, allocations: allocations)
  }
}
