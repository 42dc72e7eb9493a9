import Primitives
import Testing

/// Text from outside becomes an identifier or says why it cannot.
@Suite struct IdentifierTests {
  @Test(arguments: [
    "TEE-BLK-M", "a", "ü", "\u{A0}", "é\u{300}", "two words", String(repeating: "x", count: 64),
  ])
  func goodTextIsTaken(text: String) throws {
    #expect(try SKU(text).text == text)
  }

  @Test(arguments: [
    ("", "is empty"),
    (" a", "begins or ends with a space"),
    ("a ", "begins or ends with a space"),
    ("a\u{0}b", "holds a control character"),
    ("a\nb", "holds a control character"),
    ("a\u{7F}", "holds a control character"),
    ("\u{85}", "holds a control character"),
    ("a\u{80}b", "holds a control character"),
    (String(repeating: "x", count: 65), "is 65 bytes long; 64 are allowed"),
    (String(repeating: "ü", count: 33), "is 66 bytes long; 64 are allowed"),
  ])
  func badTextSaysWhy(text: String, problem: String) {
    #expect(throws: InvalidIdentifier(noun: "SKU", problem: problem)) { try SKU(text) }
  }

  @Test func eachKindHasItsOwnBound() throws {
    let text = String(repeating: "x", count: 200)
    #expect(try OrderID(text).text == text)
    #expect(throws: InvalidIdentifier.self) { try OrderID(text + "x") }
    #expect(throws: InvalidIdentifier.self) { try ChannelID(String(repeating: "x", count: 33)) }
  }

  @Test func messageNamesTheNoun() {
    #expect(
      InvalidIdentifier(noun: LocationID.noun, problem: "is empty").description
        == "The location is empty.")
  }

  @Test(arguments: [
    ("A", "B"), ("A", "AA"), ("Z", "a"), ("cafe\u{301}", "caf\u{E9}"),
    ("a\u{301}\u{327}", "a\u{327}\u{301}"),
  ])
  func orderIsThatOfTheBytes(first: String, second: String) throws {
    #expect(try SKU(first) < SKU(second))
    #expect(try !(SKU(second) < SKU(first)) && !(SKU(first) < SKU(first)))
  }

  /// Goal: what a store tells apart is not the same in memory.
  @Test func spellingsAreDifferentNames() throws {
    let (one, other) = ("caf\u{E9}", "cafe\u{301}")
    #expect(one == other, "as text they are the same")
    #expect(try SKU(one) != SKU(other) && SKU(one) == SKU("caf\u{E9}"))
    #expect(try OrderID(one) != OrderID(other) && OrderID(one) == OrderID("caf\u{E9}"))
    #expect(try Set([SKU(one), SKU(other), SKU(one)]).count == 2)
    #expect(try Set([OrderID(one), OrderID(other), OrderID(one)]).count == 2)
  }
}
