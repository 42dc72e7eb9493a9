internal import Foundation
internal import Primitives

/// Unary calls as plain HTTP POSTs (connectrpc.com/docs/protocol, "Unary-Request").
enum ConnectProtocol {
  static func respond(
    to request: HTTPRequest, method: ServedMethod
  ) async -> HTTPResponse {
    guard request.method == "POST" else {
      return HTTPResponse(status: 405, headers: [("allow", "POST")])
    }
    let type = (request.header("content-type") ?? "").split(separator: ";").first
      .map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    guard let codec = codec(of: type) else {
      return HTTPResponse(
        status: 415,
        headers: [
          ("accept-post", "application/json, application/proto"),
          ("content-type", "text/plain; charset=utf-8"),
        ],
        body: Array("The content type must be application/json or application/proto.\n".utf8))
    }
    guard case .unary = method.body else {
      return failure(
        RPCError(
          .unimplemented, "STREAM_UNSUPPORTED", "This method streams: call it over gRPC."))
    }
    if let encoding = request.header("content-encoding"), encoding != "identity" {
      return failure(
        RPCError(
          .unimplemented, "COMPRESSION_UNSUPPORTED", "Bodies must be sent uncompressed."))
    }
    let context: ServerContext
    do {
      context = try self.context(of: request, method)
    } catch {
      return failure(error)
    }
    switch await run(method, request.body, codec, context) {
    case .success(let message):
      let type = codec == .json ? "application/json" : "application/proto"
      return HTTPResponse(
        status: 200, headers: [("content-type", type)] + metadata(of: context), body: message)
    case .failure(let error):
      var response = failure(error)
      response.headers += metadata(of: context)
      return response
    }
  }

  /// What gRPC sends as trailers goes with `trailer-` in front ("Unary-Response").
  private static func metadata(of context: ServerContext) -> [(name: String, value: String)] {
    context.initialMetadata.entries.map { ($0.name, $0.value) }
      + context.trailingMetadata.entries.map { ("trailer-\($0.name)", $0.value) }
  }

  private static func codec(of type: String?) -> MessageCodec? {
    switch type {
    case "application/json": .json
    case "application/proto": .proto
    default: nil
    }
  }

  private static func context(
    of request: HTTPRequest, _ method: ServedMethod
  ) throws(RPCError) -> ServerContext {
    var deadline = Deadline.never
    if let text = request.header("connect-timeout-ms") {
      guard (1...10).contains(text.utf8.count), let span = Int64(text), span >= 0 else {
        throw RPCError(
          .invalidArgument, "TIMEOUT_MALFORMED", "connect-timeout-ms must be 1 to 10 digits.")
      }
      deadline = .after(.milliseconds(span))
    }
    var metadata = Metadata()
    for (name, value) in request.headers where !isReserved(name) { metadata.add(name, value) }
    return ServerContext(
      method: method.descriptor, metadata: metadata, deadline: deadline, peer: request.peer)
  }

  private static func isReserved(_ name: String) -> Bool {
    switch name {
    case "content-type", "content-length", "content-encoding", "accept", "accept-encoding",
      "connection", "host", "user-agent":
      true
    default: name.hasPrefix("connect-")
    }
  }

  /// Runs the handler, but not past its deadline.
  private static func run(
    _ method: ServedMethod, _ message: [UInt8], _ codec: MessageCodec, _ context: ServerContext
  ) async -> Result<[UInt8], RPCError> {
    guard context.deadline != .never else {
      return await method.unary(message, codec: codec, context: context)
    }
    return await DeadlineRace.run(until: context.deadline) {
      await method.unary(message, codec: codec, context: context)
    }
  }

  /// An error as JSON: `{"code", "message", "details"}` with the HTTP status of the code.
  static func failure(_ error: RPCError) -> HTTPResponse {
    var object: [String: Any] = ["code": error.code.connectName, "message": error.message]
    let details = error.detailMessages().map { detail -> [String: Any] in
      var entry: [String: Any] = [
        "type": String(detail.typeName), "value": Base64Codec.encode(detail.value),
      ]
      if let debug = RPCError.debugJSON(of: detail) { entry["debug"] = debug }
      return entry
    }
    if !details.isEmpty { object["details"] = details }
    let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
    let body = try? JSONSerialization.data(withJSONObject: object, options: options)
    return .json(error.code.httpStatus, [UInt8](body ?? Data()))
  }
}
