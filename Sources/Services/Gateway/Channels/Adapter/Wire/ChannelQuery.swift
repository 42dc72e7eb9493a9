internal import Kit

/// Parameters as `application/x-www-form-urlencoded` text, with everything encoded that is not
/// unreserved (RFC 3986, section 2.3), so that a query and a form take the same bytes.
public enum ChannelQuery {
  public static func encode(_ parameters: [(name: String, value: String)]) -> String {
    parameters.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
  }

  public static func encode(_ text: String) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(text.utf8.count)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        result.append(byte)
      default:
        result.append(UInt8(ascii: "%"))
        result.append(contentsOf: Hex.encode([byte]).uppercased().utf8)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
