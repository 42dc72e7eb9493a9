internal import Foundation
internal import Primitives

/// Calls as plain HTTP requests (connectrpc.com/docs/protocol): unary ones here, streams in `ConnectStreamCall` and, over
/// HTTP/2, as streams of their own.
enum ConnectProtocol {
  /// An answer that is smaller gains nothing by gzip, in bytes.
  private static let compressionFloorBytes = 1024

  /// What a request asks, whichever way it came.
  private struct Question {
    var codec: MessageCodec
    var message: [UInt8]
  }

  static func respond(
    to request: HTTPRequest, method: ServedMethod, messageBytes: Int
  ) async -> HTTPResponse {
    let isUnary = method.descriptor.kind == .unary
    let allowsGet = isUnary && method.descriptor.idempotency == .noSideEffects
    guard request.method == "POST" || request.method == "GET" && allowsGet else {
      method.fault(.verbNotAllowed, peer: request.peer)
      return HTTPResponse(status: 405, headers: [("allow", allowsGet ? "GET, POST" : "POST")])
    }
    let type = request.header("content-type") ?? ""
    if !isUnary {
      guard let codec = ConnectStreamHead.codec(contentType: type) else {
        method.fault(.mediaTypeUnsupported, peer: request.peer)
        return unsupported("application/connect+json", "application/connect+proto")
      }
      return await ConnectStreamCall.respond(
        to: request, method: method, codec: codec, messageBytes: messageBytes)
    }
    guard request.method == "GET" || codec(of: mediaType(type)) != nil else {
      method.fault(.mediaTypeUnsupported, peer: request.peer)
      return unsupported("application/json", "application/proto")
    }
    do throws(RPCError) {
      let context = try context(of: request, method)
      let question = try question(of: request, atMost: messageBytes)
      let result = await DeadlineRace.run(until: context.deadline) {
        await method.unary(question.message, codec: question.codec, context: context)
      }
      return answer(result, question.codec, context, request)
    } catch {
      return failure(method.refused(error, peer: request.peer))
    }
  }

  private static func answer(
    _ result: Result<[UInt8], RPCError>, _ codec: MessageCodec, _ context: ServerContext,
    _ request: HTTPRequest
  ) -> HTTPResponse {
    var response: HTTPResponse
    switch result {
    case .success(let message):
      let type = codec == .json ? "application/json" : "application/proto"
      response = HTTPResponse(status: 200, headers: [("content-type", type)], body: message)
    case .failure(let error):
      response = failure(error)
    }
    if response.body.count >= compressionFloorBytes,
      acceptsGzip(request.header("accept-encoding") ?? "")
    {
      response.body = Gzip.compress(response.body)
      response.headers.append(("content-encoding", "gzip"))
    }
    response.headers.append(("vary", "accept-encoding"))
    response.headers += metadata(of: context)
    return response
  }

  /// What gRPC sends as trailers goes with `trailer-` in front ("Unary-Response").
  private static func metadata(of context: ServerContext) -> [(name: String, value: String)] {
    context.initialMetadata.entries.map { ($0.name, $0.value) }
      + context.trailingMetadata.entries.map { ("trailer-\($0.name)", $0.value) }
  }

  // MARK: - The question

  private static func question(
    of request: HTTPRequest, atMost limit: Int
  ) throws(RPCError) -> Question {
    if request.method == "GET" { return try question(ofQuery: request, atMost: limit) }
    try checkVersion(request.header("connect-protocol-version"))
    let type = mediaType(request.header("content-type") ?? "")
    return Question(
      codec: codec(of: type) ?? .json,
      message: try decoded(request.body, request.header("content-encoding"), atMost: limit))
  }

  /// "Unary-Get-Request": all of it stands in the query.
  private static func question(
    ofQuery request: HTTPRequest, atMost limit: Int
  ) throws(RPCError) -> Question {
    if let version = request.queryValue("connect"), version != "v1" {
      throw RPCError(.invalidArgument, "VERSION_UNSUPPORTED", "The parameter connect must be v1.")
    }
    guard let codec = codec(of: "application/\(request.queryValue("encoding") ?? "")") else {
      throw RPCError(
        .invalidArgument, "ENCODING_UNSUPPORTED", "The parameter encoding must be json or proto.")
    }
    guard let text = request.queryValue("message") else {
      throw RPCError(.invalidArgument, "MESSAGE_MISSING", "The parameter message is missing.")
    }
    var message: [UInt8]? = Array(text.utf8)
    if request.queryValue("base64") == "1" {
      // RFC 4648, 5: the alphabet for addresses.
      message = Base64Codec.decode(
        text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/"))
    }
    guard let message else {
      throw RPCError(
        .invalidArgument, "MESSAGE_MALFORMED", "The parameter message is not base64.")
    }
    return Question(
      codec: codec,
      message: try decoded(message, request.queryValue("compression"), atMost: limit))
  }

  private static func decoded(
    _ message: [UInt8], _ encoding: String?, atMost limit: Int
  ) throws(RPCError) -> [UInt8] {
    guard let encoding, try isGzip(encoding), !message.isEmpty else { return message }
    return try decompressed(message, atMost: limit)
  }

  static func decompressed(
    _ message: [UInt8], atMost limit: Int
  ) throws(RPCError) -> [UInt8] {
    do {
      return try Gzip.decompress(message, atMost: limit)
    } catch {
      switch error {
      case .malformed:
        throw RPCError(
          .invalidArgument, "COMPRESSION_MALFORMED", "The message cannot be decompressed.")
      case .tooLarge:
        throw RPCError(
          .resourceExhausted, "MESSAGE_TOO_LARGE", "The message has more than \(limit) bytes.",
          ["maximumBytes": "\(limit)"])
      }
    }
  }

  private static func context(
    of request: HTTPRequest, _ method: ServedMethod
  ) throws(RPCError) -> ServerContext {
    var deadline = Deadline.never
    if let text = request.header("connect-timeout-ms") { deadline = try Self.deadline(text) }
    var metadata = Metadata()
    for (name, value) in request.headers where !isReserved(name) { metadata.add(name, value) }
    return try method.admit(
      metadata: metadata, deadline: deadline, peer: request.peer, identity: request.identity)
  }

  // MARK: - Header fields

  /// `application/json; charset=utf-8` is `application/json`.
  static func mediaType(_ text: String) -> String {
    let type = text.split(separator: ";", omittingEmptySubsequences: false).first ?? ""
    return type.trimmingCharacters(in: .whitespaces).lowercased()
  }

  private static func codec(of type: String) -> MessageCodec? {
    switch type {
    case "application/json": .json
    case "application/proto": .proto
    default: nil
    }
  }

  static func checkVersion(_ text: String?) throws(RPCError) {
    // Who says nothing is taken at its word: curl, for one.
    guard let text, text != "1" else { return }
    throw RPCError(
      .invalidArgument, "VERSION_UNSUPPORTED", "connect-protocol-version must be 1.")
  }

  static func deadline(_ text: String) throws(RPCError) -> Deadline {
    guard (1...10).contains(text.utf8.count), let span = Int64(text), span >= 0 else {
      throw RPCError(
        .invalidArgument, "TIMEOUT_MALFORMED", "connect-timeout-ms must be 1 to 10 digits.")
    }
    return .after(.milliseconds(span))
  }

  static func isGzip(_ encoding: String) throws(RPCError) -> Bool {
    switch encoding {
    case "identity", "": return false
    case "gzip": return true
    default:
      throw RPCError(
        .unimplemented, "COMPRESSION_UNSUPPORTED",
        "Messages must be sent as they are or with gzip; \(encoding) is not supported.",
        ["encoding": encoding])
    }
  }

  /// Whether a list such as `br, gzip;q=0.8` names gzip.
  static func acceptsGzip(_ list: String) -> Bool {
    list.split(separator: ",").contains { entry in
      let parts = entry.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
      return parts.first == "gzip" && !parts.dropFirst().contains("q=0")
    }
  }

  static func isReserved(_ name: String) -> Bool {
    switch name {
    case "content-type", "content-length", "content-encoding", "accept", "accept-encoding",
      "connection", "host", "user-agent", "transfer-encoding", "te":
      true
    default: name.hasPrefix("connect-") || name.hasPrefix(":")
    }
  }

  // MARK: - Errors

  static func unsupported(_ types: String...) -> HTTPResponse {
    HTTPResponse(
      status: 415,
      headers: [
        ("accept-post", types.joined(separator: ", ")),
        ("content-type", "text/plain; charset=utf-8"),
      ],
      body: Array("The content type must be \(types.joined(separator: " or ")).\n".utf8))
  }

  /// `{"code", "message", "details"}` ("Error-End-Stream").
  static func object(of error: RPCError) -> [String: Any] {
    var object: [String: Any] = ["code": error.code.connectName, "message": error.message]
    let details = error.detailMessages().map { detail -> [String: Any] in
      var entry: [String: Any] = [
        "type": String(detail.typeName), "value": Base64Codec.encode(detail.value),
      ]
      if let debug = RPCError.debugJSON(of: detail) { entry["debug"] = debug }
      return entry
    }
    if !details.isEmpty { object["details"] = details }
    return object
  }

  static func json(_ object: [String: Any]) -> [UInt8] {
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    let data = try? JSONSerialization.data(withJSONObject: object, options: options)
    return [UInt8](data ?? Data("{}".utf8))
  }

  /// An error as JSON with the HTTP status of the code.
  static func failure(_ error: RPCError) -> HTTPResponse {
    .json(error.code.httpStatus, json(object(of: error)))
  }
}
