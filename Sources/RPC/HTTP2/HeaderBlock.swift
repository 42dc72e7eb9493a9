internal import CNghttp2

/// Header fields for nghttp2, built in one buffer that lives until they are submitted; nghttp2 copies them.
struct HeaderBlock {
  private var bytes: [UInt8] = []
  private var spans: [(nameLength: Int, valueLength: Int)] = []

  init(_ fields: [(String, String)] = []) {
    for (name, value) in fields { add(name, value) }
  }

  mutating func add(_ name: String, _ value: String) {
    let start = bytes.count
    bytes.append(contentsOf: name.utf8)
    let middle = bytes.count
    bytes.append(contentsOf: value.utf8)
    spans.append((middle - start, bytes.count - middle))
  }

  /// Lends the fields as nghttp2 wants them.
  func withFields<Result>(_ body: (UnsafePointer<nghttp2_nv>, Int) -> Result) -> Result {
    var bytes = bytes
    return bytes.withUnsafeMutableBufferPointer { buffer in
      withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: max(1, spans.count)) { fields in
        // An empty block has no buffer; its one field is then never read.
        guard var cursor = buffer.baseAddress else {
          return body(UnsafePointer(fields.baseAddress!), 0)
        }
        for (index, span) in spans.enumerated() {
          fields.initializeElement(
            at: index,
            to: nghttp2_nv(
              name: cursor, value: cursor + span.nameLength, namelen: span.nameLength,
              valuelen: span.valueLength, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
          cursor += span.nameLength + span.valueLength
        }
        return body(UnsafePointer(fields.baseAddress!), spans.count)
      }
    }
  }
}
