import Foundation
import FoundationNetworking
import RPCCore
import RPCHTTP2
import Synchronization

/// What stands in front of several processes of one service, as a load balancer does: hands each HTTP request to the
/// first that takes it, and counts them by path.
final class FrontDoor: Sendable {
  private let server: RPCServer
  private let counts: Counts
  var url: String { "http://\(server.address)" }

  private final class Counts: Sendable {
    let byPath = Mutex<[String: Int]>([:])
  }

  init(to addresses: [String]) throws {
    let counts = Counts()
    self.counts = counts
    let route = HTTPRoute("*", "/*") { request in
      counts.byPath.withLock { $0[request.path, default: 0] += 1 }
      for address in addresses {
        // 503 is what a process says that stands by; one that is gone says nothing.
        if let answer = try? await Self.pass(request, to: address), answer.status != 503 {
          return answer
        }
      }
      return .text(503, "nobody is ready\n")
    }
    server = try RPCServer(
      ServerConfiguration(address: "127.0.0.1:0", services: [], routes: [route], loopCount: 1))
    server.start()
  }

  /// How often a path was asked for.
  func count(_ path: String) -> Int { counts.byPath.withLock { $0[path] ?? 0 } }

  func end() async { await server.drain(within: .zero) }

  private static func pass(_ request: HTTPRequest, to address: String) async throws -> HTTPResponse
  {
    let query = request.query.isEmpty ? "" : "?\(request.query)"
    guard let url = URL(string: "http://\(address)\(request.path)\(query)") else {
      return .text(400, "no URL\n")
    }
    var passed = URLRequest(url: url, timeoutInterval: 60)
    passed.httpMethod = request.method
    if !request.body.isEmpty { passed.httpBody = Data(request.body) }
    for (name, value) in request.headers
    where !["host", "content-length", "connection", "expect"].contains(name) {
      passed.setValue(value, forHTTPHeaderField: name)
    }
    let (body, response) = try await URLSession.shared.data(for: passed)
    let answer = response as? HTTPURLResponse
    let type = answer?.value(forHTTPHeaderField: "content-type") ?? "text/plain"
    return HTTPResponse(
      status: answer?.statusCode ?? 502, headers: [("content-type", type)], body: Array(body))
  }
}
