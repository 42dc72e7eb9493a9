internal import Foundation
internal import FoundationNetworking
internal import Synchronization

/// The way to a shop's hook: URLSession when it serves, a list in a test.
protocol EventSender: Sendable {
  /// - Returns: the HTTP status; 0 when no whole answer came in time.
  func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> Int
}

/// Sends events by HTTP on connections that stay open.
final class URLSessionSender: EventSender {
  private let session: URLSession

  init() {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpMaximumConnectionsPerHost = SandboxLimits.concurrentDeliveries
    configuration.httpShouldSetCookies = false
    configuration.urlCache = nil
    session = URLSession(configuration: configuration)
  }

  func send(_ event: OutgoingEvent, to url: String, patience: Duration) async -> Int {
    guard let address = URL(string: url) else { return 0 }
    var request = URLRequest(url: address)
    request.httpMethod = "POST"
    request.timeoutInterval =
      Double(patience.components.seconds) + Double(patience.components.attoseconds) / 1e18
    for (name, value) in event.headers { request.setValue(value, forHTTPHeaderField: name) }
    request.httpBody = Data(event.body)
    return await withCheckedContinuation { continuation in
      let task = session.dataTask(with: request) { _, response, error in
        let status = error == nil ? (response as? HTTPURLResponse)?.statusCode : nil
        continuation.resume(returning: status ?? 0)
      }
      task.resume()
    }
  }
}
