import ChannelAdapter
import Primitives
import RPCCore
import Synchronization

/// A channel that answers from a list and remembers what it was asked.
final class RecordedHTTP: ChannelHTTP {
  private struct State {
    var replies: [ChannelReply]
    var requests: [ChannelRequest] = []
  }
  private let state: Mutex<State>

  init(_ replies: [ChannelReply]) {
    state = Mutex(State(replies: replies))
  }

  convenience init(_ bodies: String...) {
    self.init(bodies.map { ChannelReply(status: 200, body: Array($0.utf8)) })
  }

  var requests: [ChannelRequest] { state.withLock { $0.requests } }

  func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
    let reply = state.withLock { state -> ChannelReply? in
      state.requests.append(request)
      return state.replies.isEmpty ? nil : state.replies.removeFirst()
    }
    guard let reply else { throw .unavailable("nothing is left to answer \(request.url)") }
    return reply
  }
}

extension ChannelRequest {
  var text: String { String(decoding: body, as: UTF8.self) }
  var path: String { String(url.split(separator: "?")[0]) }

  /// Parameters of the query and of a form, decoded.
  var parameters: [String: String] {
    let query = url.split(separator: "?", maxSplits: 1).dropFirst().first.map(String.init) ?? ""
    let isForm = headers.contains { $0.value.contains("form-urlencoded") }
    var result: [String: String] = [:]
    for text in isForm ? [query, self.text] : [query] {
      for pair in text.split(separator: "&") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        result[decode(parts[0])] = parts.count > 1 ? decode(parts[1]) : ""
      }
    }
    return result
  }

  private func decode(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension ChannelReply {
  init(_ status: Int, _ body: String, headers: [String: String] = [:]) {
    self.init(status: status, headers: headers, body: Array(body.utf8))
  }
}

/// An event as it reaches the gateway.
func post(_ body: String, _ headers: [(name: String, value: String)] = []) -> HTTPRequest {
  HTTPRequest(
    method: "POST", path: "/hooks", headers: [("content-type", "application/json")] + headers,
    body: Array(body.utf8))
}

/// What an expression throws, when it throws a refusal.
func refusal<Value>(_ body: () throws(EventRefusal) -> Value) -> EventRefusal? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

/// What an expression throws, when it throws an error of a channel.
func failure<Value>(_ body: () async throws(ChannelError) -> Value) async -> ChannelError? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}

extension ChannelError {
  /// Which case it is, without its text.
  var kind: String {
    switch self {
    case .unavailable: "unavailable"
    case .rateLimited: "rateLimited"
    case .tokenExpired: "tokenExpired"
    case .unauthorised: "unauthorised"
    case .suspended: "suspended"
    case .notFound: "notFound"
    case .refused: "refused"
    case .malformed: "malformed"
    }
  }
}

extension PushResult {
  var kind: String {
    switch self {
    case .acknowledged: "acknowledged"
    case .stale: "stale"
    case .retry: "retry"
    case .locked: "locked"
    case .refused: "refused"
    }
  }
}

/// Each place of `body` where one byte is another one: a signature must refuse them all.
func alterations(of body: String) -> [[UInt8]] {
  let bytes = Array(body.utf8)
  return bytes.indices.map { index in
    var altered = bytes
    altered[index] ^= 0x01
    return altered
  }
}
