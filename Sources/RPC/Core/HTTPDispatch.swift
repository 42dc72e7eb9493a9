internal import Primitives

/// Answers of the HTTP layer itself.
public enum HTTPAnswers {
  public static func tooLarge(_ limit: Int) -> HTTPResponse {
    .text(413, "The body is larger than the \(limit) bytes that are allowed here.\n")
  }

  /// An error of the server itself, as the Connect protocol writes it.
  public static func failure(_ error: RPCError) -> HTTPResponse {
    var response = ConnectProtocol.failure(error)
    if let wait = error.retryAfter {
      // RFC 9110, 10.2.3: whole seconds.
      response.headers.append(("retry-after", "\(max(1, wait.components.seconds))"))
    }
    return response
  }

  public static let stopping = HTTPResponse.text(503, "The server is going down.\n")

  static let notFound = HTTPResponse.text(404, "There is nothing under this path.\n")
}

/// Plain HTTP requests: routes, and methods by the Connect protocol, over HTTP/1.1 and HTTP/2 alike.
public enum HTTPDispatch {
  /// The path and the query of a request target.
  public static func split(_ target: String) -> (path: String, query: String) {
    guard let mark = target.firstIndex(of: "?") else { return (target, "") }
    return (String(target[..<mark]), String(target[target.index(after: mark)...]))
  }
}

extension Dispatcher {
  /// The largest body that is of use under a path.
  public func bodyLimit(path: String, messageBytes: Int) -> Int {
    if knows(path: path) != nil { return messageBytes }
    // What is refused whatever it is, or found nowhere, is not called too large.
    return routes(path: path).routes.map(\.maximumBodyBytes).max() ?? messageBytes
  }

  /// Answers any HTTP request.
  ///
  /// - Parameter messageBytes: the largest message that is taken, decompressed.
  public func respond(to request: HTTPRequest, messageBytes: Int) async -> HTTPResponse {
    if let method = knows(path: request.path) {
      return await ConnectProtocol.respond(
        to: request, method: method, messageBytes: messageBytes)
    }
    let (routes, suffix) = routes(path: request.path)
    guard !routes.isEmpty else {
      if let refusal { return HTTPAnswers.failure(refusal) }
      observer.callFault(.pathUnknown, method: nil, peer: request.peer)
      return HTTPAnswers.notFound
    }
    let wanted = request.method == "HEAD" ? "GET" : request.method
    guard let route = routes.first(where: { $0.method == wanted || $0.method == "*" }) else {
      observer.callFault(.verbNotAllowed, method: nil, peer: request.peer)
      let allowed = Set(routes.map(\.method)).sorted().joined(separator: ", ")
      return HTTPResponse(
        status: 405, headers: [("allow", allowed), ("content-type", "text/plain; charset=utf-8")],
        body: Array("Only \(allowed) is answered here.\n".utf8))
    }
    var request = request
    request.pathSuffix = suffix
    guard request.body.count <= route.maximumBodyBytes else {
      observer.callFault(.bodyTooLarge, method: nil, peer: request.peer)
      return HTTPAnswers.tooLarge(route.maximumBodyBytes)
    }
    return await route.handle(request)
  }
}
