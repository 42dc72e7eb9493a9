internal import CNghttp2

/// Header fields as nghttp2 wants them.
///
/// Fields that change are built in one buffer that lives until they are submitted; nghttp2 copies them. Those that never
/// change are laid out once and lent to nghttp2 without a copy.
struct HeaderBlock {
  private struct Built {
    var bytes: [UInt8] = []
    var spans: [(nameLength: Int, valueLength: Int)] = []

    mutating func add(_ name: String.UTF8View, _ value: String.UTF8View) {
      let start = bytes.count
      bytes.append(contentsOf: name)
      let middle = bytes.count
      bytes.append(contentsOf: value)
      spans.append((middle - start, bytes.count - middle))
    }
  }

  /// Nil in a block of fixed fields, which costs nothing to copy.
  private var built: Built?
  private let fixed: FixedFields?

  init(_ fields: [(String, String)] = []) {
    fixed = nil
    built = Built()
    for (name, value) in fields { add(name, value) }
  }

  /// Fields for the life of the process.
  init(fixed fields: [(String, String)]) {
    fixed = FixedFields(fields)
  }

  mutating func add(_ name: String, _ value: String) {
    precondition(fixed == nil, "fixed fields do not change")
    built?.add(name.utf8, value.utf8)
  }

  /// Lends the fields as nghttp2 wants them.
  func withFields<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
    if let fixed { return body(fixed.start, fixed.count) }
    guard var bytes = built?.bytes, let spans = built?.spans else { return body(nil, 0) }
    return bytes.withUnsafeMutableBufferPointer { buffer in
      withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: max(1, spans.count)) { fields in
        guard var cursor = buffer.baseAddress else { return body(nil, 0) }
        for (index, span) in spans.enumerated() {
          fields.initializeElement(
            at: index,
            to: nghttp2_nv(
              name: cursor, value: cursor + span.nameLength, namelen: span.nameLength,
              valuelen: span.valueLength, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
          cursor += span.nameLength + span.valueLength
        }
        return body(UnsafePointer(fields.baseAddress), spans.count)
      }
    }
  }
}

/// Fields in memory that is never freed.
private struct FixedFields: @unchecked Sendable {
  // Sendable: what it points to is never written again.
  let start: UnsafePointer<nghttp2_nv>
  let count: Int

  init(_ fields: [(String, String)]) {
    let nv = UnsafeMutablePointer<nghttp2_nv>.allocate(capacity: max(1, fields.count))
    let flags = UInt8(
      NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
    for (index, field) in fields.enumerated() {
      (nv + index).initialize(
        to: nghttp2_nv(
          name: Self.copy(field.0), value: Self.copy(field.1), namelen: field.0.utf8.count,
          valuelen: field.1.utf8.count, flags: flags))
    }
    start = UnsafePointer(nv)
    count = fields.count
  }

  private static func copy(_ text: String) -> UnsafeMutablePointer<UInt8> {
    let bytes = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count + 1)
    _ = bytes.initialize(from: text.utf8)
    guard let start = bytes.baseAddress else { preconditionFailure("a byte was allocated") }
    return start
  }
}
