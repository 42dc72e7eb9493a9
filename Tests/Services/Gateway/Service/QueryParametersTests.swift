import Testing

@testable import GatewayService

/// Goal: what a merchant's browser brings back is read as it was meant, and never too much of it.
@Suite struct QueryParametersTests {
  @Test(
    arguments: [
      ("", [:]), ("&&", [:]), ("=", ["": ""]), ("a", ["a": ""]), ("a=", ["a": ""]),
      ("a=1&b=2&a=3", ["a": "1", "b": "2"]), ("a=b=c", ["a": "b=c"]),
      ("a=%C3%BC+x%20y", ["a": "ü x y"]), ("%61=%2B%26%3D", ["a": "+&="]),
      ("a=%", ["a": "%"]), ("a=%2", ["a": "%2"]), ("a=%zz%41", ["a": "%zzA"]),
      ("a=%ff", ["a": "\u{FFFD}"]), ("a=%00b", ["a": "\0b"]),
    ] as [(String, [String: String])])
  func queryIsDecoded(_ query: String, _ expected: [String: String]) {
    #expect(QueryParameters.read(query) == expected)
  }

  @Test func furtherParametersAreNotRead() {
    let query = (0..<10_000).map { "p\($0)=\($0)" }.joined(separator: "&")
    let found = QueryParameters.read(query)
    #expect(found.count == GatewayLimits.queryParameters && found["p0"] == "0")
  }
}
