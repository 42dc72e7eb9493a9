import Primitives
import Testing

/// Text from outside becomes an identifier or says why it cannot.
@Suite struct IdentifierTests {
  @Test(arguments: ["TEE-BLK-M", "a", "ü", "two words", String(repeating: "x", count: 64)])
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

  @Test func orderIsThatOfTheText() throws {
    #expect(try SKU("A") < SKU("B"))
    #expect(try !(SKU("B") < SKU("A")))
  }
}
