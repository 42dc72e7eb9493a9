import FixtureAPI
import Primitives
import Protobuf

/// Messages of the fixtures from a seed, fond of the ends of ranges.
struct RandomMessages {
  private var random: SeededRandom

  init(seed: UInt64) {
    random = SeededRandom(seed: seed)
  }

  /// One message of any of the fixture's types.
  mutating func any() -> any Message {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: scalars()
    case 1: lists()
    case 2: maps()
    case 3: choices()
    case 4: known()
    default: names()
    }
  }

  /// Some bytes of `bytes` changed, dropped, doubled or moved.
  mutating func broken(_ bytes: [UInt8], changes: Int = 3) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...changes, using: &random) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
      case 2: bytes.remove(at: index)
      case 3: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
      default: bytes.append(contentsOf: bytes[index...].prefix(20))
      }
    }
    return bytes
  }

  mutating func chance(_ part: Double) -> Bool {
    Double.random(in: 0..<1, using: &random) < part
  }

  private mutating func maybe<Value>(_ make: (inout Self) -> Value) -> Value? {
    chance(0.7) ? make(&self) : nil
  }

  private mutating func list<Value>(_ make: (inout Self) -> Value) -> [Value] {
    guard chance(0.7) else { return [] }
    return (0..<Int.random(in: 0...5, using: &random)).map { _ in make(&self) }
  }

  mutating func integer<Integer: FixedWidthInteger>() -> Integer {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: 0
    case 1: .max
    case 2: .min
    case 3: 1
    case 4: Integer(truncatingIfNeeded: Int64(1) << 53) &+ 1
    default: Integer.random(in: .min ... .max, using: &random)
    }
  }

  private mutating func double() -> Double {
    switch Int.random(in: 0..<9, using: &random) {
    case 0: 0
    case 1: .greatestFiniteMagnitude
    case 2: .leastNonzeroMagnitude
    case 3: .infinity
    case 4: -.infinity
    case 5: .nan
    case 6: Double(Int64.random(in: -1_000_000...1_000_000, using: &random))
    case 7: 1e21
    default: Double.random(in: -1e6...1e6, using: &random)
    }
  }

  private mutating func float() -> Float {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: .greatestFiniteMagnitude
    case 1: .leastNormalMagnitude
    case 2: -.infinity
    case 3: 0.1
    default: Float.random(in: -1e6...1e6, using: &random)
    }
  }

  private mutating func text() -> String {
    let alphabet: [Unicode.Scalar] = [
      "a", "Z", "0", " ", "\"", "\\", "/", "\u{1}", "\u{1F}", "\u{7F}", "\n", "é", "ß", "中",
      "\u{FFFD}",
      "\u{2028}", "😀", "\u{10FFFF}",
    ]
    var text = String.UnicodeScalarView()
    for _ in 0..<Int.random(in: 0...20, using: &random) {
      text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &random)])
    }
    return String(text)
  }

  private mutating func bytes() -> [UInt8] {
    (0..<Int.random(in: 0...20, using: &random)).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
  }

  private mutating func colour() -> Colour {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: .unspecified
    case 1: .red
    case 2: .default
    case 3: .negative
    default: Colour(rawValue: integer())
    }
  }

  private mutating func time() -> Timestamp {
    let first: Int64 = -62_135_596_800_000_000
    let last = Timestamp.distantFuture.microseconds
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return Timestamp(microseconds: first)
    case 1: return Timestamp(microseconds: last)
    case 2: return Timestamp(microseconds: -1)
    case 3: return .zero
    default: return Timestamp(microseconds: Int64.random(in: first...last, using: &random))
    }
  }

  private mutating func span() -> Duration {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: .zero
    case 1: .nanoseconds(-1)
    case 2: .seconds(315_576_000_000)
    case 3: .milliseconds(Int64.random(in: -100_000...100_000, using: &random))
    default: .nanoseconds(Int64.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random))
    }
  }

  mutating func scalars() -> Scalars {
    Scalars(
      doubleValue: maybe { $0.double() } ?? 0, floatValue: maybe { $0.float() } ?? 0,
      int32Value: integer(), int64Value: integer(), uint32Value: integer(), uint64Value: integer(),
      sint32Value: integer(), sint64Value: integer(), fixed32Value: integer(),
      fixed64Value: integer(), sfixed32Value: integer(), sfixed64Value: integer(),
      boolValue: chance(0.5), stringValue: maybe { $0.text() } ?? "",
      bytesValue: maybe { $0.bytes() } ?? [], colour: colour())
  }

  mutating func lists() -> Lists {
    Lists(
      doubles: list { $0.double() }, floats: list { $0.float() }, int32s: list { $0.integer() },
      int64s: list { $0.integer() }, uint32s: list { $0.integer() }, uint64s: list { $0.integer() },
      sint64s: list { $0.integer() }, fixed64s: list { $0.integer() },
      bools: list { $0.chance(0.5) },
      strings: list { $0.text() }, byteStrings: list { $0.bytes() }, colours: list { $0.colour() },
      scalars: list { $0.scalars() }, times: list { $0.time() }, unpacked: list { $0.integer() })
  }

  mutating func maps() -> Maps {
    Maps(
      texts: dictionary({ $0.text() }, { $0.text() }),
      colours: dictionary({ $0.integer() }, { $0.colour() }),
      messages: dictionary({ $0.text() }, { $0.scalars() }),
      flags: dictionary({ $0.chance(0.5) }, { $0.bytes() }),
      spans: dictionary({ $0.text() }, { $0.span() }))
  }

  private mutating func dictionary<Key, Value>(
    _ key: (inout Self) -> Key, _ value: (inout Self) -> Value
  ) -> [Key: Value] {
    Dictionary(list { (key(&$0), value(&$0)) }, uniquingKeysWith: { first, _ in first })
  }

  mutating func choices() -> Choices {
    var choices = Choices()
    switch Int.random(in: 0..<9, using: &random) {
    case 0: choices.pick = .count(integer())
    case 1: choices.pick = .text(maybe { $0.text() } ?? "")
    case 2: choices.pick = .scalars(scalars())
    case 3: choices.pick = .scalars(Scalars())
    case 4: choices.pick = .colour(colour())
    case 5: choices.pick = .atTime(time())
    case 6: choices.pick = .flag(chance(0.5))
    case 7: choices.pick = .data(bytes())
    default: break
    }
    if chance(0.5) { choices.limitCount = integer() }
    if chance(0.5) { choices.inner = Choices.Inner(name: text()) }
    return choices
  }

  mutating func known() -> Known {
    Known(
      createTime: maybe { $0.time() }, lag: maybe { $0.span() },
      updateMask: maybe { $0.mask() }, detail: maybe { $0.detail() },
      details: list { $0.detail() })
  }

  private mutating func mask() -> FieldMask {
    FieldMask(paths: list { $0.chance(0.5) ? "display_name" : "address.city_name" })
  }

  private mutating func detail() -> AnyMessage {
    switch Int.random(in: 0..<5, using: &random) {
    case 0:
      // An entry's zero is written by some libraries only, and the bytes in an Any are compared.
      AnyMessage(
        ErrorInfo(reason: "HOLD_ENDED", domain: text(), metadata: ["hold": "hold" + text()]))
    case 1: AnyMessage(RetryInfo(retryDelay: span()))
    case 2: AnyMessage(time())
    case 3: AnyMessage(mask())
    default:
      AnyMessage(BadRequest(fieldViolations: [.init(field: "lines[0].sku", description: text())]))
    }
  }

  mutating func names() -> Names {
    Names(
      where: text(), default: text(), message: text(), in: text(), requestID: text(),
      imageURLs: list { $0.text() }, class: integer(), raw: text(), urlPath: text(),
      func: integer(), empty: chance(0.5) ? Empty() : nil,
      level: chance(0.5) ? Level1(next: Level2(next: [Level3(text: text()), Level3()])) : nil)
  }
}
