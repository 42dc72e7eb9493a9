internal import PoolDomain
internal import Primitives

/// A hold as the sweep keeps it. Its ID is the key.
extension Hold {
  func write(to writer: inout ByteWriter) {
    writer.text(owner)
    writer.byte(state.rawValue)
    writer.integer(createTime.microseconds)
    writer.integer(expireTime.microseconds)
    writer.integer(endTime?.microseconds ?? 0)
    writer.text(orderID?.text ?? "")
    writer.integer(sequence)
    writer.write(lines)
    let placed = lines.indices.filter { lines[$0].isPlaced }
    let allotments = lines.map(\.allotment)
    let hasAllotments = allotments.contains { $0 != nil }
    if channelID != nil || isRetaken || !placed.isEmpty || hasAllotments || !bundles.isEmpty
      || firstLines != nil
    {
      writer.text(channelID?.text ?? "")
      writer.byte(isRetaken ? 1 : 0)
      writer.count(placed.count)
      for number in placed { writer.count(number) }
      writer.allotments(allotments)
      if !bundles.isEmpty || firstLines != nil {
        if !hasAllotments { writer.count(0) }
        writer.write(bundles)
      }
      if let firstLines { writer.write(firstLines) }
    }
  }

  init(id: HoldID, number: Int64, bytes: [UInt8]) throws(ByteReader.Malformed) {
    var reader = ByteReader(bytes)
    let owner = try reader.text()
    guard let state = State(rawValue: try reader.byte()) else { throw ByteReader.Malformed() }
    let createTime = Timestamp(microseconds: try reader.integer())
    let expireTime = Timestamp(microseconds: try reader.integer())
    let endTime = Timestamp(microseconds: try reader.integer())
    let order = try reader.text()
    let sequence = try reader.integer()
    var lines = try reader.holdLines()
    // Older stores wrote nothing of these.
    var channel = ""
    var isRetaken = false
    var bundles: [SaleBundle] = []
    var firstLines: [Line]?
    if !reader.isAtEnd {
      channel = try reader.text()
      isRetaken = try reader.byte() == 1
      for _ in 0..<(try reader.count()) {
        let number = try reader.index()
        guard number < lines.count else { throw ByteReader.Malformed() }
        lines[number].isPlaced = true
      }
      if !reader.isAtEnd {
        for (number, use) in try reader.allotments(of: lines.map(\.quantity)) {
          lines[number].allotment = use
        }
      }
      if !reader.isAtEnd { bundles = try reader.saleBundles() }
      if !reader.isAtEnd { firstLines = try reader.holdLines() }
    }
    guard reader.isAtEnd else { throw ByteReader.Malformed() }
    self.init(
      id: id, owner: owner, channelID: channel.isEmpty ? nil : ChannelID(trusted: channel),
      createTime: createTime, expireTime: expireTime, state: state,
      lines: lines, firstLines: firstLines, endTime: state == .held ? nil : endTime,
      orderID: order.isEmpty ? nil : OrderID(trusted: order), isRetaken: isRetaken,
      bundles: bundles,
      sequence: sequence, number: number)
  }
}

extension ByteWriter {
  /// SKU, location and quantity of each.
  fileprivate mutating func write(_ lines: [Hold.Line]) {
    count(lines.count)
    for line in lines {
      unsigned(UInt64(line.sku.number))
      unsigned(UInt64(line.location.number))
      integer(line.quantity)
    }
  }
}

extension ByteReader {
  fileprivate mutating func holdLines() throws(Malformed) -> [Hold.Line] {
    var lines: [Hold.Line] = []
    for _ in 0..<(try count()) {
      lines.append(
        Hold.Line(
          sku: SKUIndex(try index()), location: LocationIndex(try index()),
          quantity: try integer()))
    }
    return lines
  }
}
