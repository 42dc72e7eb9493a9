import RPCCore
import Testing

/// W3C Trace Context, section 3.2.
@Suite struct TraceTests {
  private static let trace = "0af7651916cd43dd8448eb211c80319c"
  private static let span = "b7ad6b7169203331"

  @Test func headerIsReadAndWritten() throws {
    let text = "00-\(Self.trace)-\(Self.span)-01"
    let context = try #require(TraceContext(text))
    #expect(context.traceID == Self.trace && context.parentID == Self.span && context.flags == 1)
    #expect(context.text == text)
  }

  @Test func childKeepsTheTraceAndItsFlags() throws {
    let parent = try #require(TraceContext("00-\(Self.trace)-\(Self.span)-01"))
    let child = parent.child()
    #expect(child.traceID == parent.traceID && child.flags == 1)
    #expect(child.parentID != parent.parentID && TraceContext(child.text) == child)
  }

  @Test func newTracesAreValidAndDiffer() {
    let made = (0..<100).map { _ in TraceContext.random() }
    #expect(Set(made.map(\.traceID)).count == 100)
    #expect(made.allSatisfy { TraceContext($0.text) == $0 })
  }

  @Test func versionOfTheFutureIsReadAsFarAsKnown() {
    #expect(TraceContext("cc-\(Self.trace)-\(Self.span)-01-more") != nil)
  }

  @Test(arguments: [
    "", "00", "00-\(trace)-\(span)", "ff-\(trace)-\(span)-01", "00-\(trace)-\(span)-01-more",
    "00-\(trace.uppercased())-\(span)-01", "00-\(trace.dropLast())-\(span)-01",
    "00-\(String(repeating: "0", count: 32))-\(span)-01",
    "00-\(trace)-\(String(repeating: "0", count: 16))-01", "00-\(trace)-\(span)-0g",
    "0-\(trace)-\(span)-01",
  ])
  func whatIsNoTraceIsPassedOver(_ text: String) {
    #expect(TraceContext(text) == nil)
  }
}
