import GatewayDomain
import Testing

@Suite struct AlertKindTests {
  @Test func everyKindSaysWhatToDo() {
    for kind in AlertKind.allCases {
      #expect(kind.advice.count > 20 && kind.advice.hasSuffix("."), "\(kind)")
      #expect(kind.rawValue.wholeMatch(of: #/[A-Z_]+/#) != nil)
    }
    #expect(Set(AlertKind.allCases.map(\.advice)).count == AlertKind.allCases.count)
  }

  @Test func severitiesAreInOrder() {
    #expect(AlertSeverity.allCases == AlertSeverity.allCases.sorted())
    #expect(AlertKind.oversold.severity == .critical)
    #expect(AlertKind.unmappedListing.severity == .warning)
    #expect(AlertKind.signatureRefused.severity == .info)
  }
}
