import RPCCore
import Testing

@Suite struct CodecTests {
  @Test(arguments: [
    (Duration.zero, "0n"), (.nanoseconds(1), "1n"), (.nanoseconds(99_999_999), "99999999n"),
    (.nanoseconds(100_000_000), "100000u"), (.seconds(10), "10000000u"),
    (.seconds(100), "100000m"), (.seconds(99_999_999), "99999999S"), (.seconds(-5), "0n"),
    (.seconds(Int64.max / 2), "99999999H"),
    (.seconds(99_994_999 * 3600), "99994999H"), (.seconds(1_000_000_000), "277777H"),
  ])
  func timeoutIsWrittenWithTheFinestUnitThatFits(_ span: Duration, _ text: String) {
    #expect(TimeoutCodec.encode(span) == text)
  }

  @Test(arguments: [
    ("1n", Duration.nanoseconds(1)), ("2u", .microseconds(2)), ("3m", .milliseconds(3)),
    ("4S", .seconds(4)), ("5M", .seconds(300)), ("99999999H", .seconds(99_999_999 * 3600)),
    ("00000001S", .seconds(1)),
  ])
  func timeoutIsRead(_ text: String, _ span: Duration) {
    #expect(TimeoutCodec.decode(text) == span)
  }

  @Test(arguments: ["", "1", "S", "123456789S", "1s", "-1S", "1 S", "1.5S", "١S", "+1S"])
  func badTimeoutIsRefused(_ text: String) {
    #expect(TimeoutCodec.decode(text) == nil)
  }

  @Test(arguments: [
    ("plain text", "plain text"), ("50%", "50%25"), ("tab\there", "tab%09here"),
    ("\u{1F608} naïve", "%F0%9F%98%88 na%C3%AFve"), ("a\r\nb", "a%0D%0Ab"), ("", ""),
    (" a b ", "%20a b%20"), ("  ", "%20%20"),
  ])
  func messageSurvivesPercentEncoding(_ text: String, _ encoded: String) {
    #expect(PercentCodec.encodeMessage(text) == encoded)
    #expect(PercentCodec.decode(encoded) == text)
  }

  @Test(arguments: [("%", "%"), ("%4", "%4"), ("%zz", "%zz"), ("%41%", "A%"), ("%ff", "\u{FFFD}")])
  func brokenPercentEncodingIsKeptOrRepaired(_ encoded: String, _ text: String) {
    #expect(PercentCodec.decode(encoded) == text)
  }

  @Test func formAndComponentEncodingsDiffer() {
    #expect(PercentCodec.decodeForm("a+b%2Bc") == "a b+c")
    #expect(PercentCodec.encodeComponent("a b/ü~-._") == "a%20b%2F%C3%BC~-._")
  }

  @Test(arguments: [([], ""), ([0], "AA"), ([0, 255], "AP8"), ([1, 2, 3], "AQID")])
  func binaryMetadataIsReadPaddedAndUnpadded(_ bytes: [UInt8], _ text: String) {
    #expect(Base64Codec.encode(bytes) == text)
    #expect(Base64Codec.decode(text) == bytes)
    let padded = text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    #expect(Base64Codec.decode(padded) == bytes)
  }

  @Test(arguments: ["A", "A===", "!!!!", "AA=A"]) func brokenBase64IsRefused(_ text: String) {
    #expect(Base64Codec.decode(text) == nil)
  }

  @Test func everyCodeHasItsNames() {
    let names = RPCCode.allCases.map(\.name)
    #expect(Set(names).count == 17)
    #expect(RPCCode.internalError.name == "INTERNAL")
    #expect(RPCCode.deadlineExceeded.name == "DEADLINE_EXCEEDED")
    #expect(RPCCode.cancelled.connectName == "canceled")
    #expect(RPCCode(httpStatus: 503) == .unavailable)
  }

  @Test func domainOfAnErrorComesFromThePackage() {
    func domain(_ service: String) -> String {
      MethodDescriptor(service: service, method: "M", kind: .unary).errorDomain
    }
    #expect(domain("onepool.pool.v1.PoolService") == "pool.onepool")
    #expect(domain("Bare") == "Bare")
  }
}
