import FixtureAPI
import Primitives
import Protobuf
import Testing

/// Goal: proto3 JSON as protobuf.dev/programming-guides/json says, exact and strict. Method: tables.
@Suite struct JSONTests {
  private static func text(_ message: some Message) -> String {
    String(decoding: message.json(), as: UTF8.self)
  }

  @Test(arguments: [
    (Scalars(), "{}"),
    (Scalars(int64Value: .max), #"{"int64Value":"9223372036854775807"}"#),
    (Scalars(uint64Value: .max), #"{"uint64Value":"18446744073709551615"}"#),
    (Scalars(int32Value: .min), #"{"int32Value":-2147483648}"#),
    (Scalars(doubleValue: 1), #"{"doubleValue":1}"#),
    (Scalars(doubleValue: 0.1), #"{"doubleValue":0.1}"#),
    (Scalars(doubleValue: 1e300), #"{"doubleValue":1e+300}"#),
    (Scalars(doubleValue: .infinity), #"{"doubleValue":"Infinity"}"#),
    (Scalars(floatValue: -.infinity), #"{"floatValue":"-Infinity"}"#),
    (Scalars(doubleValue: .nan), #"{"doubleValue":"NaN"}"#),
    (Scalars(boolValue: true, colour: .red), #"{"boolValue":true,"colour":"COLOUR_RED"}"#),
    (Scalars(bytesValue: [0xFB, 0xFF]), #"{"bytesValue":"+/8="}"#),
    (Scalars(stringValue: "a\"\\/\n\u{1}é😀"), #"{"stringValue":"a\"\\/\n\u0001é😀"}"#),
  ])
  func writes(scalars: Scalars, json: String) throws {
    #expect(Self.text(scalars) == json)
    #expect(try Scalars(json: Array(json.utf8)).serialized() == scalars.serialized())
  }

  @Test func writesKnownTypes() throws {
    let known = Known(
      createTime: Timestamp(seconds: 1_772_352_000, nanoseconds: 250_000_000),
      lag: .nanoseconds(-1), updateMask: FieldMask(paths: ["display_name", "address.city"]),
      detail: AnyMessage(ErrorInfo(reason: "HOLD_ENDED")),
      details: [
        AnyMessage(Timestamp.zero), AnyMessage(typeURL: "x/fixture.Empty", value: []),
        AnyMessage(typeURL: "x/unknown.Message", value: [1]), AnyMessage(),
      ])
    let json = #"""
      {"createTime":"2026-03-01T08:00:00.250Z","lag":"-0.000000001s","updateMask":"displayName,address.city",\#
      "detail":{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"HOLD_ENDED"},"details":[\#
      {"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"1970-01-01T00:00:00Z"},\#
      {"@type":"x/fixture.Empty"},{"@type":"x/unknown.Message","value":"AQ=="},{"@type":""}]}
      """#
    #expect(Self.text(known) == json)
    #expect(try Known(json: known.json()) == known)
  }

  @Test func writesMapsAndChoices() throws {
    let maps = Maps(
      texts: ["b": "2", "a": "1"], colours: [-1: .red], flags: [true: [1], false: []])
    #expect(
      Self.text(maps)
        == #"{"texts":{"a":"1","b":"2"},"colours":{"-1":"COLOUR_RED"},"flags":{"false":"","true":"AQ=="}}"#
    )
    #expect(try Maps(json: maps.json()) == maps)
    #expect(Self.text(Choices(pick: .count(0))) == #"{"count":"0"}"#)
    #expect(Self.text(Choices(limitCount: 0)) == #"{"limitCount":"0"}"#)
  }

  @Test(arguments: [
    (#"{"int64Value": 9007199254740993}"#, Scalars(int64Value: 9_007_199_254_740_993)),
    (#"{"int64Value": "9007199254740993"}"#, Scalars(int64Value: 9_007_199_254_740_993)),
    (#"{"int64Value": -9223372036854775808}"#, Scalars(int64Value: .min)),
    (#"{"uint64Value": 18446744073709551615}"#, Scalars(uint64Value: .max)),
    (#"{"int64Value": 9223372036854775.807e3}"#, Scalars(int64Value: .max)),
    (#"{"int32Value": 1.0, "int64Value": 1e3}"#, Scalars(int32Value: 1, int64Value: 1000)),
    (#"{"int32Value": 10e-1}"#, Scalars(int32Value: 1)),
    (#"{"int32Value": -0}"#, Scalars()),
    (#"{"doubleValue": "1.5", "floatValue": 1}"#, Scalars(doubleValue: 1.5, floatValue: 1)),
    (#"{"doubleValue": "-Infinity"}"#, Scalars(doubleValue: -.infinity)),
    (#"{"colour": 1}"#, Scalars(colour: .red)),
    (#"{"colour": "COLOUR_NEGATIVE"}"#, Scalars(colour: .negative)),
    (#"{"colour": 77}"#, Scalars(colour: .unrecognized(77))),
    (#"{"bytesValue": "-_8"}"#, Scalars(bytesValue: [0xFB, 0xFF])),
    (#"{"bytesValue": "+/8="}"#, Scalars(bytesValue: [0xFB, 0xFF])),
    (#"{"int64_value": "5", "stringValue": null}"#, Scalars(int64Value: 5)),
    (#" { "string\u0056alue" : "\uD83D\uDE00\/\b" } "#, Scalars(stringValue: "😀/\u{8}")),
    (#"{}"#, Scalars()),
  ])
  func reads(json: String, scalars: Scalars) throws {
    #expect(try Scalars(json: Array(json.utf8)) == scalars)
  }

  @Test(arguments: [
    (#"{"sku": 1}"#, "sku", "is not one of fixture.Scalars"),
    (#"{"int64Value": 1, "int64_value": 2}"#, "int64_value", "is there twice"),
    (#"{"int64Value": 1, "int64Value": null}"#, "int64Value", "is there twice"),
    (
      #"{"int32Value": 2147483648}"#, "int32Value",
      "is not a whole number from -2147483648 to 2147483647"
    ),
    (#"{"int32Value": 1.5}"#, "int32Value", "is not a whole number from -2147483648 to 2147483647"),
    (#"{"uint32Value": -1}"#, "uint32Value", "is not a whole number from 0 to 4294967295"),
    (
      #"{"int64Value": 9223372036854775808}"#, "int64Value",
      "is not a whole number from -9223372036854775808 to 9223372036854775807"
    ),
    (
      #"{"uint64Value": 1e999999999999}"#, "uint64Value",
      "is not a whole number from 0 to 18446744073709551615"
    ),
    (#"{"int64Value": ""}"#, "int64Value", "is not a number"),
    (#"{"int64Value": " 1"}"#, "int64Value", "is not a number"),
    (#"{"int64Value": "0x10"}"#, "int64Value", "is not a number"),
    (#"{"int64Value": true}"#, "int64Value", "is not a number"),
    (#"{"int32Value": 01}"#, "int32Value", "has a malformed number at byte 15"),
    (#"{"doubleValue": 1e400}"#, "doubleValue", "is too large for a double"),
    (#"{"floatValue": 1e39}"#, "floatValue", "is too large for a float"),
    (#"{"doubleValue": "inf"}"#, "doubleValue", "is not a number"),
    (#"{"boolValue": "true"}"#, "boolValue", "is neither true nor false"),
    (#"{"boolValue": 1}"#, "boolValue", "is neither true nor false"),
    (#"{"stringValue": 1}"#, "stringValue", "is not a JSON string"),
    (#"{"stringValue": "a\u0000b"}"#, "stringValue", "holds a NUL"),
    (#"{"stringValue": "\uD800"}"#, "stringValue", "has half a surrogate pair at byte 17"),
    (#"{"stringValue": "\uDC00"}"#, "stringValue", "has half a surrogate pair at byte 17"),
    (#"{"stringValue": "\x"}"#, "stringValue", "has an unknown escape at byte 17"),
    (#"{"bytesValue": "A"}"#, "bytesValue", "is not base64"),
    (#"{"bytesValue": "AA=A"}"#, "bytesValue", "is not base64"),
    (#"{"colour": "RED"}"#, "colour", "has no value \"RED\""),
    (#"{"colour": 1.5}"#, "colour", "is not a whole number from -2147483648 to 2147483647"),
    (#"[]"#, "", "is not a JSON object"),
    (#"{"int32Value": 1,}"#, "", "is not JSON: `\"` belongs at byte 17"),
    (#"{"int32Value": 1} x"#, "", "is not JSON: the end belongs at byte 18"),
    (#"{"int32Value": 1"#, "", "is not JSON: it ends where `}` belongs"),
    (#"{"int32Value""#, "", "is not JSON: it ends where `:` belongs"),
    ("", "", "ends where a value belongs"),
    (#"{'a': 1}"#, "", "is not JSON: `\"` belongs at byte 1"),
    (#"{"boolValue": tru}"#, "boolValue", "is not JSON: a value belongs at byte 14"),
    ("{\"stringValue\": \"a\nb\"}", "stringValue", "has a control character at byte 18"),
    (#"{"stringValue": "a"#, "stringValue", "ends in the middle of a string"),
    (#"{"stringValue": "a\"#, "stringValue", "ends in the middle of a string"),
  ])
  func refuses(json: String, path: String, problem: String) {
    #expect(throws: CodecError(path: path, problem)) { try Scalars(json: Array(json.utf8)) }
  }

  @Test func refusesTextThatIsNotUTF8() {
    let json = Array(#"{"stringValue": ""#.utf8) + [0xFF] + Array(#""}"#.utf8)
    #expect(throws: CodecError.self) { try Scalars(json: json) }
  }

  @Test(arguments: [
    (#"{"scalars": [{}, {"int32Value": "x"}]}"#, "scalars[1].int32Value"),
    (#"{"int32s": [1, null]}"#, "int32s[1]"),
    (#"{"int32s": [1, 2, {}]}"#, "int32s[2]"),
    (#"{"int32s": 1}"#, "int32s"),
    (#"{"times": ["2026-03-01T08:00:00Z", "yesterday"]}"#, "times[1]"),
  ])
  func refusesInsideListsWithThePath(json: String, path: String) throws {
    let error = #expect(throws: CodecError.self) { try Lists(json: Array(json.utf8)) }
    #expect(error?.path == path)
  }

  @Test(arguments: [
    (#"{"texts": {"a": "1", "a": "2"}}"#, #"texts["a"]"#),
    (#"{"texts": {"a": null}}"#, #"texts["a"]"#),
    (#"{"colours": {"x": 1}}"#, #"colours["x"]"#),
    (#"{"flags": {"1": ""}}"#, #"flags["1"]"#),
    (#"{"messages": {"m": {"boolValue": 0}}}"#, #"messages["m"].boolValue"#),
    (#"{"texts": []}"#, "texts"),
  ])
  func refusesInsideMapsWithThePath(json: String, path: String) throws {
    let error = #expect(throws: CodecError.self) { try Maps(json: Array(json.utf8)) }
    #expect(error?.path == path)
  }

  @Test func refusesTwoOfAOneof() {
    #expect(throws: CodecError(path: "text", "excludes another field of its oneof that is there")) {
      try Choices(json: Array(#"{"count": "1", "text": "a"}"#.utf8))
    }
    #expect(throws: Never.self) { try Choices(json: Array(#"{"count": null, "text": "a"}"#.utf8)) }
  }

  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000001Z", 1),
      ("1969-12-31T23:59:59.999999Z", -1), ("2000-02-29T00:00:00Z", 951_782_400_000_000),
      ("2026-03-01T10:00:00+02:00", 1_772_352_000_000_000),
      ("2026-03-01T00:30:00.5-07:30", 1_772_352_000_500_000),
      ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
      ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999),
    ] as [(String, Int64)])
  func readsTimes(text: String, microseconds: Int64) throws {
    #expect(try Timestamp(json: Array("\"\(text)\"".utf8)).microseconds == microseconds)
  }

  @Test(arguments: [
    "2026-03-01", "2026-03-01T08:00:00", "2026-03-01t08:00:00Z", "2026-03-01T08:00:00z",
    "2026-13-01T08:00:00Z", "2026-02-29T08:00:00Z", "1900-02-29T00:00:00Z", "2026-03-01T24:00:00Z",
    "2026-03-01T08:60:00Z", "2026-03-01T08:00:61Z", "2026-03-01T08:00:00.Z",
    "2026-03-01T08:00:00.1234567890Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01",
    "9999-12-31T23:59:59-00:01", "2026-03-01T08:00:00+24:00", "2026-03-01T08:00:00Z ", "",
  ])
  func refusesTimes(text: String) {
    #expect(throws: CodecError.self) { try Timestamp(json: Array("\"\(text)\"".utf8)) }
  }

  @Test(
    arguments: [
      ("0s", .zero), ("1.5s", .milliseconds(1500)), ("-1.5s", .milliseconds(-1500)),
      ("-0.000000001s", .nanoseconds(-1)), ("315576000000s", .seconds(315_576_000_000)),
    ] as [(String, Duration)])
  func readsSpans(text: String, span: Duration) throws {
    #expect(try Duration(json: Array("\"\(text)\"".utf8)) == span)
  }

  @Test(arguments: ["", "s", "1", "1.s", "1.1234567890s", "+1s", "1 s", "315576000001s", "--1s"])
  func refusesSpans(text: String) {
    #expect(throws: CodecError.self) { try Duration(json: Array("\"\(text)\"".utf8)) }
  }

  @Test(arguments: [
    #"{"detail": {}}"#, #"{"detail": {"@type": 1}}"#, #"{"detail": []}"#,
    #"{"detail": {"@type": "x/google.rpc.ErrorInfo", "@type": "x/google.rpc.ErrorInfo"}}"#,
    #"{"detail": {"@type": "x/google.rpc.ErrorInfo", "sku": ""}}"#,
    #"{"detail": {"@type": "x/unknown.Message", "sku": ""}}"#,
    #"{"detail": {"@type": "x/unknown.Message", "value": {}}}"#,
    #"{"updateMask": "display_name"}"#, #"{"updateMask": "a,,b"}"#, #"{"updateMask": "a,"}"#,
  ])
  func refusesKnownTypes(json: String) {
    #expect(throws: CodecError.self) { try Known(json: Array(json.utf8)) }
  }

  @Test func readsTheTypeOfAnAnyWhereverItStands() throws {
    let json =
      #"{"detail": {"reason": "A", "metadata": {"k": "v"}, "@type": "x/google.rpc.ErrorInfo"}}"#
    let known = try Known(json: Array(json.utf8))
    #expect(
      try known.detail?.unpacked(as: ErrorInfo.self)
        == ErrorInfo(reason: "A", metadata: ["k": "v"]))
  }

  /// An Any comes from a peer; what it says it holds may not be so.
  @Test func writesAnAnyWhoseBytesAreNotItsType() throws {
    let broken = AnyMessage(typeURL: "x/google.protobuf.Timestamp", value: [0xFF])
    let range = AnyMessage(
      typeURL: "x/google.protobuf.Timestamp", value: Hex.bytes("08 FFFFFFFFFFFFFFFF7F"))
    #expect(
      Self.text(Known(details: [broken, range]))
        == #"{"details":[{"@type":"x/google.protobuf.Timestamp","value":"/w=="},"#
        + #"{"@type":"x/google.protobuf.Timestamp","value":"CP//////////fw=="}]}"#)
  }
}
