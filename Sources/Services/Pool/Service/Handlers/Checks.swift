internal import Kit
internal import PoolAPI
internal import PoolDomain
internal import Primitives
internal import RPCCore

/// An order's name for one of its lines.
struct LineID: Identifier {
  static let noun = "line"
  static let maximumBytes = Limits.lineIDBytes
  let text: String

  init(trusted text: String) {
    self.text = text
  }
}

/// Whose a hold is.
struct OwnerID: Identifier {
  static let noun = "owner"
  static let maximumBytes = Limits.ownerBytes
  let text: String

  init(trusted text: String) {
    self.text = text
  }
}

/// Where a line stands in its request. Its text is made when it is asked for: most lines are right.
struct LinePath: CustomStringConvertible {
  var number: Int

  var description: String { "lines[\(number)]" }
}

extension RequestCheck {
  /// Lines in the number that is allowed; none of them is looked at when there are too many.
  mutating func lines<Line, Value>(
    _ lines: [Line], from minimum: Int = 1, atMost maximum: Int = Limits.lines,
    _ read: (inout RequestCheck, Line, LinePath) -> Value
  ) -> [Value] {
    count(lines, "lines", in: minimum...maximum)
    guard lines.count <= maximum else { return [] }
    var found: [Value] = []
    found.reserveCapacity(lines.count)
    for (number, line) in lines.enumerated() {
      found.append(read(&self, line, LinePath(number: number)))
    }
    return found
  }

  /// Units more or less, never none.
  mutating func delta(_ count: Int64, _ path: @autoclosure () -> String) -> Quantity {
    if count == 0 { refuse(path(), "It is 0, which changes nothing.") }
    return integer(count, path(), in: -Limits.lineUnits...Limits.lineUnits)
  }

  mutating func stock(
    _ line: PoolAPI.StockLine, _ path: LinePath
  ) -> PoolDomain.StockLine {
    stock(line.sku, line.locationID, line.quantity, path)
  }

  mutating func stock(
    _ sku: String, _ location: String, _ quantity: Int64, _ path: LinePath
  ) -> PoolDomain.StockLine {
    PoolDomain.StockLine(
      sku: identifier(SKU.self, sku, "\(path).sku"),
      location: identifier(LocationID.self, location, "\(path).location_id"),
      quantity: self.quantity(quantity, "\(path).quantity", in: 1...Limits.lineUnits))
  }

  mutating func demand(
    _ lineID: String?, _ sku: String, _ quantity: Int64, _ location: String, _ path: LinePath
  ) -> DemandLine {
    if let lineID { _ = identifier(LineID.self, lineID, "\(path).line_id") }
    return DemandLine(
      lineID: lineID ?? "", sku: identifier(SKU.self, sku, "\(path).sku"),
      quantity: self.quantity(quantity, "\(path).quantity", in: 1...Limits.lineUnits),
      location: optionalIdentifier(LocationID.self, location, "\(path).location_id"))
  }

  mutating func totals(_ lines: [PoolAPI.LineTotal]) -> [PoolDomain.LineTotal] {
    let totals = self.lines(lines) { check, line, path in
      PoolDomain.LineTotal(
        lineID: check.identifier(LineID.self, line.lineID, "\(path).line_id").text,
        total: check.quantity(line.totalCount, "\(path).total_count", in: 0...Limits.lineUnits))
    }
    unique(totals.map(\.lineID))
    return totals
  }

  /// Each line has a name of its own.
  mutating func unique(_ lineIDs: [String]) {
    var known: Set<String> = []
    for (number, id) in lineIDs.enumerated() where !known.insert(id).inserted {
      refuse("lines[\(number)].line_id", "The line \(id) comes a second time.")
    }
  }

  mutating func cause(_ text: String) -> String {
    self.text(text, "cause", atMost: Limits.causeBytes, mayBeEmpty: true)
  }

  mutating func actor(_ text: String) -> String {
    self.text(text, "actor", atMost: Limits.actorBytes, mayBeEmpty: true)
  }

  mutating func reason(_ text: String, isRequired: Bool = false) -> String {
    self.text(text, "reason", atMost: Limits.reasonBytes, mayBeEmpty: !isRequired)
  }

  /// An instant that has come, or is ahead of `now` by no more than clocks differ: what is still to come is not foretold.
  mutating func instant(_ time: Timestamp?, _ path: String, now: Timestamp) -> Timestamp {
    guard let time = required(time, path) else { return .zero }
    if time > now + ServiceLimits.clockTolerance {
      refuse(path, "It lies in the future; here it is \(now.rfc3339).")
    }
    return time
  }

  mutating func channels(_ texts: [String], isRequired: Bool) -> [ChannelID] {
    count(texts, "channel_ids", in: (isRequired ? 1 : 0)...Limits.channels)
    return texts.indices.prefix(Limits.channels).map { number in
      identifier(ChannelID.self, texts[number], "channel_ids[\(number)]")
    }
  }
}
