extension ChannelJSON {
  /// The elements of a JSON array, each as the bytes that it was written in, so that an answer's rows
  /// can be kept as if each had been sent alone. Nil when the bytes are no array.
  ///
  /// - Complexity: O(`bytes.count`). Brackets and quotes are looked at; whoever reads an element finds
  ///   what else is wrong with it.
  public static func elements(of bytes: [UInt8]) -> [[UInt8]]? {
    var elements: [[UInt8]] = []
    var depth = 0
    var start: Int?
    var isText = false
    var isEscaped = false
    func close(_ end: Int) {
      guard let first = start else { return }
      elements.append(Array(bytes[first..<end]))
      start = nil
    }
    for (index, byte) in bytes.enumerated() {
      if isText {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isText = false
        }
        continue
      }
      let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
      if depth == 0 {
        if isSpace { continue }
        guard elements.isEmpty, byte == UInt8(ascii: "["), index == firstByte(bytes) else {
          return nil
        }
        depth = 1
        continue
      }
      if depth == 1, byte == UInt8(ascii: ",") {
        close(index)
        continue
      }
      if start == nil, !isSpace, byte != UInt8(ascii: "]") || depth > 1 { start = index }
      switch byte {
      case UInt8(ascii: "\""): isText = true
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        if depth == 0 { close(index) }
      default: break
      }
    }
    return depth == 0 && firstByte(bytes) != nil && !isText ? elements : nil
  }

  private static func firstByte(_ bytes: [UInt8]) -> Int? {
    bytes.firstIndex { $0 != 0x20 && !(0x09...0x0D).contains($0) }
  }
}
