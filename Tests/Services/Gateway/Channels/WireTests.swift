import ChannelAdapter
import Primitives
import RPCCore
import Testing

/// The small readers that all adapters share.
@Suite struct WireTests {
  private struct IDs: Decodable {
    var id: FlexibleID
    var count: LossyInt?
    var flag: LossyBool?
  }

  private func ids(_ json: String) throws(ChannelJSON.Problem) -> IDs {
    try ChannelJSON.decode(IDs.self, from: Array(json.utf8))
  }

  @Test(arguments: [
    (#"{"id":820982911946154508}"#, "820982911946154508"),
    (#"{"id":"820982911946154508"}"#, "820982911946154508"),
    (#"{"id":9007199254740993}"#, "9007199254740993"),
    (#"{"id":18446744073709551615}"#, "18446744073709551615"),
    (#"{"id":"260105ABCDEF12"}"#, "260105ABCDEF12"),
    (#"{"id":0}"#, "0"),
  ])
  func idsKeepEveryDigit(_ json: String, _ expected: String) throws {
    #expect(try ids(json).id.text == expected)
  }

  @Test(arguments: [
    (#"{"id":1.5}"#, "id: an ID is text or a whole number"),
    (#"{"id":true}"#, "id: an ID is text or a whole number"),
    (#"{"id":{}}"#, "id: an ID is text or a whole number"),
    (#"{"id":"a\u0000b"}"#, "id: an ID has no control characters"),
    (#"{}"#, "id is missing"),
    (#"{"id":null}"#, "id is null"),
    (#"{"id":1,"count":"x"}"#, "count: a whole number was expected"),
    ("[]", "the body has the wrong type"),
    ("", "the body is empty"),
    ("{", "the body is not JSON"),
    ("not json", "the body is not JSON"),
  ])
  func problemsNameTheField(_ json: String, _ text: String) {
    do {
      _ = try ids(json)
      Issue.record("\(json) was read")
    } catch {
      #expect(error.text == text)
    }
  }

  @Test func longIDsAreRefused() {
    let long = String(repeating: "9", count: 129)
    #expect(throws: ChannelJSON.Problem.self) { try ids(#"{"id":"\#(long)"}"#) }
  }

  @Test func deepNestingIsRefusedAndDoesNotCrash() {
    let deep = String(repeating: "[", count: 200_000) + String(repeating: "]", count: 200_000)
    #expect(throws: ChannelJSON.Problem.self) { try ids(#"{"id":1,"x":\#(deep)}"#) }
  }

  @Test func brokenTextIsRefused() {
    let bytes = Array(#"{"id":""#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8)
    #expect(throws: ChannelJSON.Problem.self) {
      try ChannelJSON.decode(IDs.self, from: bytes)
    }
  }

  @Test func numbersAndTruthComeAsText() throws {
    let read = try ids(#"{"id":1,"count":"42","flag":"1"}"#)
    #expect(read.count?.value == 42)
    #expect(read.flag?.value == true)
    #expect(try ids(#"{"id":1,"flag":0}"#).flag?.value == false)
    #expect(try ids(#"{"id":1,"flag":false}"#).flag?.value == false)
    #expect(try ids(#"{"id":1,"flag":"true"}"#).flag?.value == true)
  }

  @Test(arguments: [
    ("2026-01-05T11:00:05+08:00", 1_767_582_005_000_000),
    ("2026-01-05T03:00:05Z", 1_767_582_005_000_000),
    ("2026-01-05 11:00:05 +0800", 1_767_582_005_000_000),
    ("2026-01-05T11:00:05+0800", 1_767_582_005_000_000),
    ("2026-01-05T03:00:05.25Z", 1_767_582_005_250_000),
    ("2026-01-05T03:00:05.123456789Z", 1_767_582_005_123_456),
    ("2026-01-04T22:30:05-04:30", 1_767_582_005_000_000),
    ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
    ("1970-01-01T00:00:00Z", 0),
  ])
  func timesAreReadInTheirSpellings(_ text: String, _ microseconds: Int64) {
    #expect(ChannelTime.iso8601(text)?.microseconds == microseconds)
  }

  @Test(arguments: [
    "", "2026-01-05", "2026-01-05T11:00:05", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-01-05T25:00:00Z", "2026-01-05T11:00:05+08", "2026-01-05T11:00:05Zx", "1767582005",
    "2026-01-05T11:00:05.Z", "０２026-01-05T11:00:05Z",
  ])
  func timesWithoutAnOffsetOrSenseAreRefused(_ text: String) {
    #expect(ChannelTime.iso8601(text) == nil)
  }

  @Test func unixTimesShowTheirUnitBySize() {
    #expect(ChannelTime.unix(1_767_600_000) == Timestamp(seconds: 1_767_600_000))
    #expect(
      ChannelTime.unix(1_767_600_003_250) == Timestamp(microseconds: 1_767_600_003_250_000))
    #expect(ChannelTime.unix(-1) == nil)
    #expect(ChannelTime.unix(.max) == nil)
  }

  @Test func queriesEncodeAllThatIsNotUnreserved() {
    #expect(
      ChannelQuery.encode([("a b", "1+2=3&4"), ("ü", "x/y~z")])
        == "a%20b=1%2B2%3D3%264&%C3%BC=x%2Fy~z")
  }

  @Test(arguments: [
    (401, "tokenExpired"), (403, "unauthorised"), (404, "notFound"), (408, "unavailable"),
    (429, "rateLimited"), (500, "unavailable"), (503, "unavailable"), (302, "refused"),
    (400, "refused"), (204, "malformed"),
  ])
  func statusesHaveTheirMeaning(_ status: Int, _ kind: String) {
    #expect(ChannelReply(status, "").statusError.kind == kind)
  }

  @Test(
    arguments: [
      (["ratelimit-remaining": "7", "ratelimit-reset": "30"], 7, 30.0),
      (["x-ratelimit-remaining": "0", "x-ratelimit-reset": "1.5"], 0, 1.5),
      (["ratelimit-remaining": "7"], nil, 0), (["ratelimit-reset": "30"], nil, 0),
      (["ratelimit-remaining": "-1", "ratelimit-reset": "30"], nil, 0),
      (["ratelimit-remaining": "many", "ratelimit-reset": "30"], nil, 0),
      (["x-ratelimit-remaining": "7", "x-ratelimit-reset": "1767600000"], nil, 0),
      (["x-ratelimit-remaining": "7", "x-ratelimit-reset": "nan"], nil, 0), ([:], nil, 0),
    ] as [([String: String], Int?, Double)])
  func headersTellTheRoom(_ headers: [String: String], _ left: Int?, _ seconds: Double) {
    let room = left.map { CallRoom.window(left: $0, secondsLeft: seconds) }
    #expect(ChannelReply(200, "", headers: headers).room == room)
  }

  @Test func waitingIsAskedForInSeconds() {
    #expect(ChannelReply(429, "", headers: ["retry-after": "2.0"]).retryAfter == .seconds(2))
    #expect(ChannelReply(429, "", headers: ["retry-after": "soon"]).retryAfter == nil)
    #expect(ChannelReply(429, "", headers: ["retry-after": "-1"]).retryAfter == nil)
  }

  @Test func otherContentTypesAreRefused() {
    func request(_ type: String?) -> HTTPRequest {
      HTTPRequest(
        method: "POST", path: "/", headers: type.map { [("content-type", $0)] } ?? [])
    }
    for type in ["application/json", "application/json; charset=utf-8", "text/json", nil] {
      #expect(refusal { () throws(EventRefusal) in try request(type).requireJSON() } == nil)
    }
    for type in ["application/xml", "multipart/form-data", "text/html"] {
      let refused = refusal { () throws(EventRefusal) in try request(type).requireJSON() }
      guard case .contentType = refused else {
        Issue.record("\(type) was taken")
        continue
      }
    }
  }
}
