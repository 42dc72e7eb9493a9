internal import PoolDomain
internal import Primitives

/// An entry as the ledger keeps it. Its time and first sequence are columns of their own.
extension LedgerEntry {
  private enum Part: UInt64 {
    case sourceTime = 1
    case order = 2
    case hold = 4
    case channel = 8
    case owner = 16
    case expireTime = 32
    case reason = 64
    case actor = 128
    case cause = 256
    case placed = 512
    case allotments = 1024
    case lateUses = 0x20_0000
  }

  private static let version: UInt8 = 1
  /// Beside the kind of a movement: whether oversold units and a line follow.
  private static let hasOversold: UInt8 = 0x40
  private static let hasLine: UInt8 = 0x80

  func write(to writer: inout ByteWriter) {
    writer.byte(Self.version)
    let parts = parts
    writer.unsigned(parts)
    if let sourceTime { writer.integer(sourceTime.microseconds) }
    if let orderID { writer.text(orderID.text) }
    if let holdID { writer.text(holdID.text) }
    if let channelID { writer.text(channelID.text) }
    if !owner.isEmpty { writer.text(owner) }
    if let expireTime { writer.integer(expireTime.microseconds) }
    if !reason.isEmpty { writer.text(reason) }
    if !actor.isEmpty { writer.text(actor) }
    if !cause.isEmpty { writer.text(cause) }
    writer.count(movements.count)
    for movement in movements { Self.write(movement, to: &writer) }
    if !placed.isEmpty {
      writer.count(placed.count)
      for number in placed { writer.count(number) }
    }
    if parts & Part.allotments.rawValue != 0 { writer.allotments(movements.map(\.allotment)) }
    if hasDetails { details.write(to: &writer) }
    if parts & Part.lateUses.rawValue != 0 {
      let late = movements.indices.filter { movements[$0].isLate }
      writer.count(late.count)
      for number in late { writer.count(number) }
    }
  }

  private var parts: UInt64 {
    var parts: UInt64 = 0
    func add(_ part: Part, _ isThere: Bool) { if isThere { parts |= part.rawValue } }
    add(.sourceTime, sourceTime != nil)
    add(.order, orderID != nil)
    add(.hold, holdID != nil)
    add(.channel, channelID != nil)
    add(.owner, !owner.isEmpty)
    add(.expireTime, expireTime != nil)
    add(.reason, !reason.isEmpty)
    add(.actor, !actor.isEmpty)
    add(.cause, !cause.isEmpty)
    add(.placed, !placed.isEmpty)
    add(.allotments, movements.contains { $0.allotment != nil })
    add(.lateUses, movements.contains { $0.isLate })
    return hasDetails ? parts | details.parts : parts
  }

  private static func write(_ movement: Movement, to writer: inout ByteWriter) {
    var kind = movement.kind.rawValue
    if movement.oversold > 0 { kind |= hasOversold }
    if !movement.lineID.isEmpty { kind |= hasLine }
    writer.byte(kind)
    writer.unsigned(UInt64(movement.sku.number))
    writer.unsigned(UInt64(movement.location.number))
    writer.unsigned(UInt64(movement.quantity))
    if movement.oversold > 0 { writer.unsigned(UInt64(movement.oversold)) }
    if !movement.lineID.isEmpty { writer.text(movement.lineID) }
  }

  /// - Parameter lastSequence: of the ledger after this entry.
  init(bytes: [UInt8], time: Timestamp, lastSequence: Int64) throws(ByteReader.Malformed) {
    var reader = ByteReader(bytes)
    guard try reader.byte() == Self.version else { throw ByteReader.Malformed() }
    let parts = try reader.unsigned()
    func has(_ part: Part) -> Bool { parts & part.rawValue != 0 }
    self.init(time: time)
    if has(.sourceTime) { sourceTime = Timestamp(microseconds: try reader.integer()) }
    if has(.order) { orderID = OrderID(trusted: try reader.text()) }
    if has(.hold) { holdID = HoldID(trusted: try reader.text()) }
    if has(.channel) { channelID = ChannelID(trusted: try reader.text()) }
    if has(.owner) { owner = try reader.text() }
    if has(.expireTime) { expireTime = Timestamp(microseconds: try reader.integer()) }
    if has(.reason) { reason = try reader.text() }
    if has(.actor) { actor = try reader.text() }
    if has(.cause) { cause = try reader.text() }
    let count = try reader.count()
    movements.reserveCapacity(count)
    for _ in 0..<count { movements.append(try Self.movement(&reader)) }
    if has(.placed) {
      for _ in 0..<(try reader.count()) { placed.append(try reader.index()) }
    }
    if has(.allotments) {
      for (number, use) in try reader.allotments(of: movements.map(\.quantity)) {
        movements[number].allotment = use
      }
    }
    details = try EntryDetails(parts, &reader)
    if has(.lateUses) {
      for _ in 0..<(try reader.count()) {
        let number = try reader.index()
        guard number < count else { throw ByteReader.Malformed() }
        movements[number].isLate = true
      }
    }
    guard reader.isAtEnd, details.costs.isEmpty || details.costs.count == count else {
      throw ByteReader.Malformed()
    }
    firstSequence = lastSequence - Int64(count) + 1
  }

  private static func movement(_ reader: inout ByteReader) throws(ByteReader.Malformed) -> Movement
  {
    let head = try reader.byte()
    guard let kind = Movement.Kind(rawValue: head & ~(hasOversold | hasLine)) else {
      throw ByteReader.Malformed()
    }
    let sku = SKUIndex(try reader.index())
    let location = LocationIndex(try reader.index())
    let quantity = Int64(truncatingIfNeeded: try reader.unsigned())
    let oversold = head & hasOversold == 0 ? 0 : Int64(truncatingIfNeeded: try reader.unsigned())
    let line = head & hasLine == 0 ? "" : try reader.text()
    guard quantity > 0, (0...quantity).contains(oversold) else { throw ByteReader.Malformed() }
    return Movement(kind, sku, location, quantity, oversold: oversold, lineID: line)
  }
}
