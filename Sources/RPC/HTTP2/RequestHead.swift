internal import Glibc
internal import RPCCore

/// The header fields of a request, sorted as they come. What every gRPC call carries is recognised by its bytes, so
/// that no text is made of it.
struct RequestHead {
  var path = ""
  /// Set when the path is that of the connection's last call: then `path` is empty.
  var method: ServedMethod?
  var isPost = false
  var httpMethod = ""
  var authority = ""
  var userAgent = ""
  var contentLength = ""
  var isGRPC = false
  /// Set for a stream by the Connect protocol.
  var connectCodec: MessageCodec?
  var timeout: String?
  var encoding: String?
  var acceptsGzip = false
  /// The caller's own entries.
  var metadata = Metadata()
  /// The first `-bin` field whose value is not base64 (`doc/PROTOCOL-HTTP2.md`, Binary-Header).
  var malformedName: String?
  /// Fields that are gRPC's or HTTP's own: a plain HTTP route wants to see them all the same.
  var protocolFields: [(name: String, value: String)] = []
  /// RFC 9113, 6.5.2: 32 bytes for each field beside its name and value.
  var bytes = 0

  /// The path and query as they were sent.
  var target: String { method?.descriptor.path ?? path }
  /// The HTTP method in upper case.
  var verb: String { isPost ? "POST" : httpMethod }
  /// All fields as a plain HTTP route sees them.
  var fields: [(name: String, value: String)] {
    let known = [("user-agent", userAgent), ("content-length", contentLength)]
    return known.filter { !$0.1.isEmpty } + protocolFields
      + metadata.entries.map { ($0.name, $0.value) } + [("host", authority)]
  }

  mutating func add(_ name: Bytes, _ value: Bytes, cache: inout HeadCache) {
    bytes += name.count + value.count + 32
    if name.isText(":path") {
      method = cache.method(of: value)
      if method == nil { path = value.text }
    } else if name.isText(":method") {
      isPost = value.isText("POST")
      if !isPost { httpMethod = value.text }
    } else if name.isText(":scheme") || name.isText("te") {
      return
    } else if name.isText(":authority") {
      authority = cache.authority.text(of: value)
    } else if name.isText("content-type") {
      addContentType(value)
    } else if name.isText("grpc-timeout") {
      timeout = value.text
    } else if name.isText("grpc-encoding") {
      encoding = value.text
    } else if name.isText("grpc-accept-encoding") {
      acceptsGzip = MessageEncoding.acceptsGzip(cache.acceptEncoding.text(of: value))
    } else if name.isText("user-agent") {
      userAgent = cache.userAgent.text(of: value)
    } else if name.isText("content-length") {
      contentLength = value.text
    } else {
      addOther(name.text, value.text)
    }
  }

  private mutating func addContentType(_ value: Bytes) {
    if value.isText("application/grpc") {
      isGRPC = true
      return
    }
    let text = value.text
    // Another message format than ours is a media type that we do not take (415).
    isGRPC =
      text.hasPrefix("application/grpc;") || text == "application/grpc+proto"
      || text.hasPrefix("application/grpc+proto;")
    if !isGRPC { connectCodec = ConnectStreamHead.codec(contentType: text) }
    protocolFields.append(("content-type", text))
  }

  private mutating func addOther(_ name: String, _ value: String) {
    if ReservedHeaders.contains(name) {
      protocolFields.append((name, value))
    } else {
      metadata.add(name, value)
      guard name.hasSuffix("-bin"), malformedName == nil else { return }
      let values = value.split(separator: ",", omittingEmptySubsequences: false)
      let isSound = values.allSatisfy { Base64Codec.decode($0.trimmed) != nil }
      if !isSound { malformedName = name }
    }
  }
}

extension Substring {
  /// Without the spaces at its ends.
  fileprivate var trimmed: String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}

typealias Bytes = UnsafeBufferPointer<UInt8>

extension Bytes {
  var text: String { String(decoding: self, as: UTF8.self) }

  func isText(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount, let baseAddress else { return false }
    return memcmp(baseAddress, text.utf8Start, count) == 0
  }

  func isSame(as bytes: [UInt8]) -> Bool {
    guard count == bytes.count, let baseAddress else { return false }
    return memcmp(baseAddress, bytes, count) == 0
  }
}

/// What the calls of one connection repeat.
struct HeadCache {
  private var path: [UInt8] = []
  private var method: ServedMethod?
  var authority = RepeatedText()
  var userAgent = RepeatedText()
  var acceptEncoding = RepeatedText()

  /// The method that was found under this path last.
  func method(of path: Bytes) -> ServedMethod? {
    guard let method, path.isSame(as: self.path) else { return nil }
    return method
  }

  mutating func remember(_ method: ServedMethod) {
    self.method = method
    path = Array(method.descriptor.path.utf8)
  }
}

/// The text of a field that is mostly the same.
struct RepeatedText {
  private var bytes: [UInt8] = []
  private var last = ""

  mutating func text(of value: Bytes) -> String {
    guard !value.isSame(as: bytes) else { return last }
    last = value.text
    bytes = Array(value)
    return last
  }
}

/// Header fields of the protocol itself: they are not the caller's metadata.
enum ReservedHeaders {
  static func contains(_ name: String) -> Bool {
    switch name {
    case "content-type", "te", "user-agent", "accept-encoding", "host", "content-length": true
    // gRFC A6: handlers may want to know.
    case "grpc-previous-rpc-attempts": false
    default: name.hasPrefix(":") || name.hasPrefix("grpc-")
    }
  }
}
