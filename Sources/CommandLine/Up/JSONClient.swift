internal import Foundation
internal import HTTPClient

/// JSON over HTTP to a service of this system.
struct JSONClient: Sendable {
  struct Answer: Sendable {
    var status: Int
    var body: Data

    /// The body as an object; empty when it is none.
    var object: [String: Any] {
      (try? JSONSerialization.jsonObject(with: body) as? [String: Any]) ?? [:]
    }

    var text: String { String(decoding: body, as: UTF8.self) }
  }

  private static let client: HTTPClient = {
    var limits = HTTPClientLimits()
    limits.connectionsOfHost = 32
    return HTTPClient(limits)
  }()
  private static let timeout = Duration.seconds(20)

  let base: String
  var headers: [String: String] = [:]

  func post(_ path: String, _ object: [String: Any]) async throws -> Answer {
    try await send("POST", path, try JSONSerialization.data(withJSONObject: object))
  }

  func get(_ path: String) async throws -> Answer {
    try await send("GET", path, nil)
  }

  /// - Parameter timeout: for the whole of it.
  func send(
    _ method: String, _ path: String, _ body: Data?, timeout: Duration = Self.timeout
  ) async throws -> Answer {
    var call = HTTPCall(method: method, url: base + path, timeout: timeout)
    if let body {
      call.headers.append(("content-type", "application/json"))
      call.body = Array(body)
    }
    for (name, value) in headers { call.headers.append((name, value)) }
    do throws(HTTPFailure) {
      let answer = try await Self.client.send(call)
      return Answer(status: answer.status, body: Data(answer.body))
    } catch {
      throw Failure("\(base) does not answer: \(error)")
    }
  }
}
