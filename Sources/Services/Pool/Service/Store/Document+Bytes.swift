internal import PoolDomain
internal import Primitives

/// A document as the store keeps it. Its kind and ID are the key.
extension Document {
  private static let version: UInt8 = 1

  var bytes: [UInt8] {
    var writer = ByteWriter(capacity: 512)
    writer.byte(Self.version)
    writer.write(header)
    switch self {
    case .purchaseOrder(let order): order.write(to: &writer)
    case .transfer(let transfer): transfer.write(to: &writer)
    case .count(let count): count.write(to: &writer)
    }
    return writer.bytes
  }

  init(key: DocumentKey, bytes: [UInt8]) throws(ByteReader.Malformed) {
    var reader = ByteReader(bytes)
    guard try reader.byte() == Self.version else { throw ByteReader.Malformed() }
    let header = try reader.header()
    switch key.kind {
    case .purchaseOrder:
      self = .purchaseOrder(
        try PurchaseOrder(id: PurchaseOrderID(trusted: key.text), header: header, &reader))
    case .transfer:
      self = .transfer(try Transfer(id: TransferID(trusted: key.text), header: header, &reader))
    case .count:
      self = .count(try StockCount(id: CountID(trusted: key.text), header: header, &reader))
    }
    guard reader.isAtEnd else { throw ByteReader.Malformed() }
  }

  /// What lists choose by: the state's number.
  var stateNumber: Int {
    switch self {
    case .purchaseOrder(let order): Int(order.state.rawValue)
    case .transfer(let transfer): Int(transfer.state.rawValue)
    case .count(let count): Int(count.state.rawValue)
    }
  }
}

extension ByteWriter {
  mutating func write(_ header: DocumentHeader) {
    integer(header.createTime.microseconds)
    integer(header.updateTime.microseconds)
    integer(header.revision)
  }

  /// A moment that may be missing.
  mutating func time(_ time: Timestamp?) {
    byte(time == nil ? 0 : 1)
    if let time { integer(time.microseconds) }
  }

  mutating func write(_ receipts: [Receipt]) {
    count(receipts.count)
    for receipt in receipts {
      text(receipt.id.text)
      integer(receipt.time.microseconds)
      text(receipt.reason)
      text(receipt.actor)
      count(receipt.lines.count)
      for line in receipt.lines {
        text(line.lineID)
        integer(line.quantity)
        byte((line.isUnavailable ? 1 : 0) | (line.lot == nil ? 0 : 2))
        if let lot = line.lot { write(lot) }
      }
    }
  }
}

extension ByteReader {
  mutating func header() throws(Malformed) -> DocumentHeader {
    DocumentHeader(
      createTime: Timestamp(microseconds: try integer()),
      updateTime: Timestamp(microseconds: try integer()), revision: try integer())
  }

  mutating func time() throws(Malformed) -> Timestamp? {
    try byte() == 0 ? nil : Timestamp(microseconds: try integer())
  }

  mutating func receipts() throws(Malformed) -> [Receipt] {
    var receipts: [Receipt] = []
    for _ in 0..<(try count()) {
      var receipt = Receipt(
        id: ReceiptID(trusted: try text()), lines: [], time: Timestamp(microseconds: try integer()),
        reason: try text(), actor: try text())
      for _ in 0..<(try count()) {
        var line = Receipt.Line(lineID: try text(), quantity: try integer())
        let marks = try byte()
        line.isUnavailable = marks & 1 != 0
        if marks & 2 != 0 { line.lot = try lotTag() }
        receipt.lines.append(line)
      }
      receipts.append(receipt)
    }
    return receipts
  }

  /// A case of an enumeration of numbers.
  mutating func choice<Choice: RawRepresentable>(
    _ type: Choice.Type
  ) throws(Malformed) -> Choice where Choice.RawValue == UInt8 {
    guard let choice = Choice(rawValue: try byte()) else { throw Malformed() }
    return choice
  }

  mutating func basisPoints() throws(Malformed) -> Int32 {
    guard let points = Int32(exactly: try integer()), (0...Limits.basisPoints).contains(points)
    else { throw Malformed() }
    return points
  }
}

extension PurchaseOrder {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.byte(state.rawValue)
    writer.text(reason)
    writer.text(terms.supplier)
    writer.unsigned(UInt64(terms.location.number))
    writer.text(terms.currency)
    writer.integer(Int64(terms.overTolerance))
    writer.integer(Int64(terms.underTolerance))
    writer.time(terms.expectTime)
    writer.count(terms.lines.count)
    for line in terms.lines {
      writer.text(line.lineID)
      writer.unsigned(UInt64(line.sku.number))
      writer.integer(line.quantity)
      writer.integer(line.unitCost)
      writer.integer(line.received)
    }
    writer.count(terms.charges.count)
    for charge in terms.charges {
      writer.byte(charge.kind.rawValue)
      writer.integer(charge.amount)
      writer.byte(charge.basis.rawValue)
    }
    writer.write(receipts)
  }

  fileprivate init(
    id: PurchaseOrderID, header: DocumentHeader, _ reader: inout ByteReader
  ) throws(ByteReader.Malformed) {
    let state = try reader.choice(State.self)
    let reason = try reader.text()
    var terms = Terms(
      supplier: try reader.text(), location: LocationIndex(try reader.index()),
      currency: try reader.text(), lines: [], charges: [],
      overTolerance: try reader.basisPoints(), underTolerance: try reader.basisPoints(),
      expectTime: try reader.time())
    for _ in 0..<(try reader.count()) {
      let line = Line(
        lineID: try reader.text(), sku: SKUIndex(try reader.index()),
        quantity: try reader.integer(), unitCost: try reader.integer(),
        received: try reader.integer())
      // Within bounds in which every sum and product of them fits.
      guard (1...Limits.lineUnits).contains(line.quantity), line.received >= 0,
        (0...Limits.unitCost).contains(line.unitCost)
      else { throw ByteReader.Malformed() }
      terms.lines.append(line)
    }
    for _ in 0..<(try reader.count()) {
      let charge = Charge(
        kind: try reader.choice(Charge.Kind.self), amount: try reader.integer(),
        basis: try reader.choice(Charge.Basis.self))
      guard (1...Limits.chargeAmount).contains(charge.amount) else {
        throw ByteReader.Malformed()
      }
      terms.charges.append(charge)
    }
    self.init(
      id: id, terms: terms, state: state, receipts: try reader.receipts(), reason: reason,
      header: header)
  }
}

extension Transfer {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.byte(state.rawValue)
    writer.text(reason)
    writer.time(shipTime)
    writer.unsigned(UInt64(terms.source.number))
    writer.unsigned(UInt64(terms.destination.number))
    writer.time(terms.expectTime)
    writer.count(terms.lines.count)
    for line in terms.lines {
      writer.text(line.lineID)
      writer.unsigned(UInt64(line.sku.number))
      writer.integer(line.quantity)
      writer.integer(line.received)
      writer.integer(line.lost)
    }
    writer.write(lots)
    writer.write(receipts)
  }

  fileprivate init(
    id: TransferID, header: DocumentHeader, _ reader: inout ByteReader
  ) throws(ByteReader.Malformed) {
    let state = try reader.choice(State.self)
    let reason = try reader.text()
    let shipTime = try reader.time()
    var terms = Terms(
      source: LocationIndex(try reader.index()), destination: LocationIndex(try reader.index()),
      lines: [], expectTime: try reader.time())
    for _ in 0..<(try reader.count()) {
      let line = Line(
        lineID: try reader.text(), sku: SKUIndex(try reader.index()),
        quantity: try reader.integer(), received: try reader.integer(), lost: try reader.integer())
      guard (1...Limits.lineUnits).contains(line.quantity),
        (0...line.quantity).contains(line.received),
        (0...line.quantity - line.received).contains(line.lost)
      else { throw ByteReader.Malformed() }
      terms.lines.append(line)
    }
    let lots = try reader.lotUnits()
    guard lots.allSatisfy({ terms.lines.indices.contains($0.movement) }) else {
      throw ByteReader.Malformed()
    }
    self.init(
      id: id, terms: terms, state: state, receipts: try reader.receipts(), lots: lots,
      shipTime: shipTime,
      reason: reason, header: header)
  }
}

extension StockCount {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.byte(state.rawValue)
    writer.text(reason)
    writer.unsigned(UInt64(location.number))
    writer.byte(isWhole ? 1 : 0)
    writer.integer(toleratedUnits)
    writer.integer(Int64(toleratedPoints))
    writer.integer(openSequence)
    writer.count(lines.count)
    for line in lines {
      writer.unsigned(UInt64(line.sku.number))
      writer.integer(line.onHandAtOpening)
      writer.byte(line.isToBeRecounted ? 1 : 0)
      writer.count(line.looks.count)
      for look in line.looks {
        writer.integer(look.counted)
        writer.integer(look.expected)
        writer.integer(look.sequence)
        writer.integer(look.time.microseconds)
        writer.text(look.actor)
      }
    }
    writer.count(reports.count)
    for report in reports {
      writer.text(report.id.text)
      writer.count(report.lines.count)
      for line in report.lines {
        writer.unsigned(UInt64(line.sku.number))
        writer.integer(line.counted)
      }
    }
  }

  fileprivate init(
    id: CountID, header: DocumentHeader, _ reader: inout ByteReader
  ) throws(ByteReader.Malformed) {
    let state = try reader.choice(State.self)
    let reason = try reader.text()
    let location = LocationIndex(try reader.index())
    let isWhole = try reader.byte() != 0
    let units = try reader.integer()
    let points = try reader.basisPoints()
    let openSequence = try reader.integer()
    var lines: [Line] = []
    for _ in 0..<(try reader.count()) {
      var line = Line(
        sku: SKUIndex(try reader.index()), onHandAtOpening: try reader.integer(),
        isToBeRecounted: try reader.byte() != 0)
      for _ in 0..<(try reader.count()) { line.looks.append(try Look(&reader)) }
      lines.append(line)
    }
    var reports: [Report] = []
    for _ in 0..<(try reader.count()) {
      var report = Report(id: ReportID(trusted: try reader.text()), lines: [])
      for _ in 0..<(try reader.count()) {
        report.lines.append(
          Report.Line(sku: SKUIndex(try reader.index()), counted: try reader.integer()))
      }
      reports.append(report)
    }
    self.init(
      id: id, location: location, isWhole: isWhole, toleratedUnits: units, toleratedPoints: points,
      openSequence: openSequence, state: state, lines: lines, reports: reports, reason: reason,
      header: header)
  }
}

extension StockCount.Look {
  fileprivate init(_ reader: inout ByteReader) throws(ByteReader.Malformed) {
    self.init(
      counted: try reader.integer(), expected: try reader.integer(),
      sequence: try reader.integer(), time: Timestamp(microseconds: try reader.integer()),
      actor: try reader.text())
    // Within bounds in which their difference fits.
    let bound: Int64 = 1 << 61
    guard (0...Limits.lineUnits).contains(counted), (-bound...bound).contains(expected) else {
      throw ByteReader.Malformed()
    }
  }
}
