internal import Foundation
internal import FoundationXML

/// An XML element: its name, its text, its children.
struct XMLTree: Equatable, Sendable {
  var name: String
  var text = ""
  var children: [XMLTree] = []

  init(name: String) {
    self.name = name
  }

  /// Reads a document; nil when it is not well formed or names anything from outside.
  init?(parsing text: String) {
    let builder = Builder()
    let parser = XMLParser(data: Data(text.utf8))
    parser.shouldResolveExternalEntities = false
    parser.delegate = builder
    guard parser.parse(), builder.stack.count == 1, let root = builder.stack[0].children.first
    else {
      return nil
    }
    self = root
  }

  subscript(_ name: String) -> XMLTree? { children.first { $0.name == name } }

  func all(_ name: String) -> [XMLTree] { children.filter { $0.name == name } }

  /// As JSON would have it: an element without children is its text; a name that comes twice, a
  /// list.
  var json: JSONValue {
    guard !children.isEmpty else {
      return .string(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    var members: [JSONValue.Member] = []
    for child in children where !members.contains(where: { $0.name == child.name }) {
      let same = all(child.name).map(\.json)
      members.append(.init(name: child.name, value: same.count == 1 ? same[0] : .array(same)))
    }
    return .object(members)
  }

  private final class Builder: NSObject, XMLParserDelegate {
    /// The document, and the elements that are open within it.
    var stack = [XMLTree(name: "")]

    func parser(
      _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
      qualifiedName: String?, attributes: [String: String]
    ) {
      stack.append(XMLTree(name: elementName))
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
      stack[stack.count - 1].text += string
    }

    func parser(
      _ parser: XMLParser, didEndElement elementName: String, namespaceURI: String?,
      qualifiedName: String?
    ) {
      let element = stack.removeLast()
      stack[stack.count - 1].children.append(element)
    }
  }
}
