import FixtureAPI
import Primitives
import Protobuf
import Testing

/// Goal: bytes that libprotobuf-c would let pass or cut are refused with the field's path. Method: tables.
@Suite struct WireTests {
  @Test(arguments: [
    ("", "an empty message"),
    ("72 00", "an empty string"),
    ("72 04 C3A9 C3A9", "UTF-8 of two bytes"),
    ("72 0C 4142434445464748 F09F9880", "four bytes after eight of ASCII"),
    ("72 04 F48FBFBF", "the last scalar"),
    ("A2 06 03 FFFF00", "an unknown field of any bytes"),
    ("80 01 07", "an enumeration's unknown value"),
  ])
  func takes(hex: String, what: Comment) throws {
    _ = try Scalars(serialized: Hex.bytes(hex))
  }

  @Test(arguments: [
    ("72 01 00", "string_value", "holds a NUL"),
    ("72 0A 41424344454647480041", "string_value", "holds a NUL"),
    ("72 09 414243444546470041", "string_value", "holds a NUL"),
    ("72 01 FF", "string_value", "is not UTF-8"),
    ("72 02 C041", "string_value", "is not UTF-8"),
    ("72 02 C080", "string_value", "is not UTF-8"),
    ("72 03 EDA080", "string_value", "is not UTF-8"),
    ("72 04 F4908080", "string_value", "is not UTF-8"),
    ("72 03 E282", "string_value", "says that 3 bytes follow where 2 are left"),
    (
      "72 FFFFFFFFFFFFFFFF7F", "string_value",
      "says that 9223372036854775807 bytes follow where 0 are left"
    ),
    ("18", "int32_value", "ends in the middle of a number"),
    ("18 80", "int32_value", "ends in the middle of a number"),
    ("18 FFFFFFFFFFFFFFFFFF02", "int32_value", "has a number of more than 64 bits"),
    ("18 8080808080808080808001", "int32_value", "has a number of more than 64 bits"),
    ("09 00000000", "double_value", "ends in the middle of a value"),
    ("15 0000", "float_value", "ends in the middle of a value"),
    ("1A 01 01", "int32_value", "has wire type 2 where 0 belongs"),
    ("70 01", "string_value", "has wire type 0 where 2 belongs"),
    ("00 01", "", "has a field number out of 1 to 536870911 at byte 1"),
    ("8080808010 01", "", "has a field number out of 1 to 536870911 at byte 5"),
    ("1B", "", "has a field of wire type 3, which is not taken"),
    ("1F", "", "has a field of wire type 7, which is not taken"),
    ("80", "", "ends in the middle of a number"),
  ])
  func refuses(hex: String, path: String, problem: String) {
    #expect(throws: CodecError(path: path, problem)) {
      try Scalars(serialized: Hex.bytes(hex))
    }
  }

  /// protobuf-c would drop the first one's seconds.
  @Test func oneMessageFieldTwiceIsRefused() {
    #expect(throws: CodecError(path: "lag", "is there twice")) {
      try Known(serialized: Hex.bytes("12 04 0801 1001 12 02 1002"))
    }
    #expect(throws: CodecError(path: "scalars", "is there twice")) {
      try Choices(serialized: Hex.bytes("1A 00 1A 00"))
    }
  }

  @Test func pathsGoThroughMessages() {
    #expect(throws: CodecError(path: "scalars.string_value", "is not UTF-8")) {
      try Lists(serialized: Hex.bytes("6A 03 7201FF"))
    }
    #expect(throws: CodecError(path: "messages.value.string_value", "holds a NUL")) {
      try Maps(serialized: Hex.bytes("1A 05 1203 720100"))
    }
  }

  @Test func timesOutOfRangeAreRefusedWithTheirPlace() {
    // seconds = 253402300800, the first of the year 10000, as the second of two times.
    #expect(throws: CodecError(path: "times[1]", "is not a time in the years 1 to 9999")) {
      try Lists(serialized: Hex.bytes("72 00 72 07 088083D1FFAF07"))
    }
    #expect(throws: CodecError(path: "create_time", "is not a time in the years 1 to 9999")) {
      try Known(serialized: Hex.bytes("0A 0B 10FFFFFFFFFFFFFFFFFF01"))
    }
    // One second and minus one nanosecond.
    #expect(throws: CodecError.self) {
      try Known(serialized: Hex.bytes("12 0D 0801 10FFFFFFFFFFFFFFFFFF01"))
    }
  }

  @Test func nestingStopsAtTheLimit() throws {
    let deep = Names(level: Level1(next: Level2(next: [Level3(text: "x")])))
    let bytes = deep.serialized()
    let four = CodecLimits(maximumDepth: 4, maximumDecodedBytes: 1 << 20)
    let three = CodecLimits(maximumDepth: 3, maximumDecodedBytes: 1 << 20)
    #expect(try Names(serialized: bytes, limits: four) == deep)
    #expect(try Names(json: deep.json(), limits: four) == deep)
    #expect(throws: CodecError(path: "level.next.next", "is nested deeper than 3 messages")) {
      try Names(serialized: bytes, limits: three)
    }
    #expect(throws: CodecError(path: "level.next.next[0]", "is nested deeper than 3 messages")) {
      try Names(json: deep.json(), limits: three)
    }
  }

  @Test func decodedSizeStopsAtTheLimit() throws {
    // Two bytes on the wire are a whole structure in memory.
    let bytes = Array(repeating: [0x6A, 0x00] as [UInt8], count: 10_000).flatMap { $0 }
    let limits = CodecLimits(maximumDepth: 4, maximumDecodedBytes: 100_000)
    #expect(throws: CodecError.self) { try Lists(serialized: bytes, limits: limits) }
    let objects = Array(repeating: "{}", count: 10_000).joined(separator: ",")
    let json = Array("{\"scalars\":[\(objects)]}".utf8)
    #expect(throws: CodecError.self) { try Lists(json: json, limits: limits) }
    #expect(try Lists(serialized: bytes).scalars.count == 10_000)
    // A message of the largest size that a server takes must not become a hundred times as much.
    let large = Array(repeating: [0x6A, 0x00] as [UInt8], count: 300_000).flatMap { $0 }
    #expect(throws: CodecError.self) { try Lists(serialized: large) }
  }

  @Test func unknownEnumerationValuesSurvive() throws {
    let bytes = Hex.bytes("80 01 2A")
    let scalars = try Scalars(serialized: bytes)
    #expect(scalars.colour == .unrecognized(42))
    #expect(scalars.serialized() == bytes)
    #expect(String(decoding: scalars.json(), as: UTF8.self) == "{\"colour\":42}")
    #expect(try Scalars(json: scalars.json()) == scalars)
    #expect(Colour(rawValue: 1) == .red)
    #expect(Colour.allCases == [.unspecified, .red, .default, .negative])
  }

  @Test func choicesKeepTheirZero() throws {
    for choices in [
      Choices(pick: .count(0)), Choices(pick: .text("")), Choices(pick: .flag(false)),
      Choices(pick: .scalars(Scalars())), Choices(pick: .data([])), Choices(limitCount: 0),
      Choices(pick: .colour(.unspecified)), Choices(inner: Choices.Inner()),
    ] {
      #expect(choices != Choices())
      #expect(try Choices(serialized: choices.serialized()) == choices)
      #expect(try Choices(json: choices.json()) == choices)
    }
  }

  @Test func theLastOfAOneofAndOfAKeyWins() throws {
    #expect(try Choices(serialized: Hex.bytes("08 05 12 01 41")).pick == .text("A"))
    let maps = try Maps(serialized: Hex.bytes("0A 06 0A0141 120142 0A 06 0A0141 120143"))
    #expect(maps.texts == ["A": "C"])
  }

  @Test func repeatedNumbersMayBePackedOrNot() throws {
    #expect(try Lists(serialized: Hex.bytes("1A 03 010203")).int32s == [1, 2, 3])
    #expect(try Lists(serialized: Hex.bytes("18 01 18 02 18 03")).int32s == [1, 2, 3])
    #expect(try Lists(serialized: Hex.bytes("7A 02 0102")).unpacked == [1, 2])
  }

  @Test func equalMapsHaveEqualBytes() {
    let keys = (0..<50).map { "key \($0)" }
    let forth = Maps(texts: Dictionary(uniqueKeysWithValues: keys.map { ($0, $0) }))
    let back = Maps(texts: Dictionary(uniqueKeysWithValues: keys.reversed().map { ($0, $0) }))
    #expect(forth.serialized() == back.serialized())
  }

  @Test func aNULThatWeWriteIsReplacedAndCutsNothing() throws {
    let scalars = Scalars(stringValue: "a\0b")
    #expect(try Scalars(serialized: scalars.serialized()).stringValue == "a\u{FFFD}b")
  }

  @Test func anyHoldsAMessage() throws {
    let detail = ErrorInfo(reason: "HOLD_ENDED", domain: "pool.onepool", metadata: ["hold": "h-1"])
    let any = AnyMessage(detail)
    #expect(any.typeURL == "type.googleapis.com/google.rpc.ErrorInfo")
    #expect(try any.unpacked(as: ErrorInfo.self) == detail)
    #expect(try any.unpacked(as: BadRequest.self) == nil)
  }

  @Test func timesAndSpansAreSwiftsOwn() throws {
    let known = Known(
      createTime: Timestamp(microseconds: -1), lag: .milliseconds(-1500),
      updateMask: FieldMask(paths: ["a_b"]))
    let bytes = """
      0A11 08FFFFFFFFFFFFFFFFFF01 10988CEBDC03
      1216 08FFFFFFFFFFFFFFFFFF01 1080B6CA91FEFFFFFFFF01
      1A05 0A03615F62
      """
    #expect(known.serialized() == Hex.bytes(bytes))
    #expect(try Known(serialized: known.serialized()) == known)
  }
}
