internal import Foundation
internal import FoundationNetworking

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

  private static let session: URLSession = {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpMaximumConnectionsPerHost = 32
    configuration.timeoutIntervalForRequest = 20
    return URLSession(configuration: configuration)
  }()

  let base: String
  var headers: [String: String] = [:]

  func post(_ path: String, _ object: [String: Any]) async throws -> Answer {
    try await send("POST", path, try JSONSerialization.data(withJSONObject: object))
  }

  func get(_ path: String) async throws -> Answer {
    try await send("GET", path, nil)
  }

  private func send(_ method: String, _ path: String, _ body: Data?) async throws -> Answer {
    guard let url = URL(string: base + path) else { throw Failure("\(base + path) is no URL") }
    var request = URLRequest(url: url)
    request.httpMethod = method
    request.httpBody = body
    if body != nil { request.setValue("application/json", forHTTPHeaderField: "content-type") }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    do {
      let (data, response) = try await Self.session.data(for: request)
      return Answer(status: (response as? HTTPURLResponse)?.statusCode ?? 0, body: data)
    } catch let error as URLError {
      throw Failure(
        "\(url.host ?? base):\(url.port ?? 0) does not answer: \(error.localizedDescription)")
    }
  }
}
