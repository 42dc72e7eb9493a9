internal import CMicroHTTPD
internal import Glibc
internal import RPCCore
internal import Synchronization

/// One request of HTTP/1.1: its body is gathered, its route runs while the connection is suspended, then its
/// answer is queued. Used on libmicrohttpd's thread, but for `finish`.
///
///     reading ──body whole──▶ suspended ──route or stop──▶ answered ──▶ queued
final class PendingRequest: @unchecked Sendable {
  // Sendable: other threads touch `phase` only, under its lock, and resume the connection in the same breath: it
  // stays while it is suspended, and is resumed once.
  private enum Phase {
    case reading
    case suspended
    case answered(HTTPResponse)
  }

  let core: RequestCore
  private let connection: OpaquePointer
  private var method = ""
  private let target: String
  private var body: [UInt8] = []
  private var limit = 0
  private var isTooLarge = false
  /// Whether its headers have come.
  private(set) var isBegun = false
  private let phase = Mutex(Phase.reading)

  /// - Parameter target: the path and query as they were sent, for signatures want them raw.
  init(_ connection: OpaquePointer, target: String, core: RequestCore) {
    self.connection = connection
    self.target = target
    self.core = core
  }

  func begin(method: String) {
    self.method = method
    isBegun = true
    limit = core.dispatcher.bodyLimit(
      path: HTTPDispatch.split(target).path, messageBytes: core.messageBytes)
  }

  func receive(_ bytes: UnsafePointer<CChar>?, _ count: Int) {
    guard let bytes, !isTooLarge else { return }
    guard body.count + count <= limit else {
      isTooLarge = true
      body = []
      return
    }
    body.append(
      contentsOf: UnsafeRawBufferPointer(start: UnsafeRawPointer(bytes), count: count))
  }

  /// The body is whole, or the route has answered.
  func proceed() -> MHD_Result {
    switch phase.withLock({ $0 }) {
    case .answered(let response): return queue(response)
    case .suspended: return .NO
    case .reading: break
    }
    if isTooLarge { return queue(HTTPAnswers.tooLarge(limit), closing: true) }
    let request = request()
    phase.withLock { phase in
      MHD_suspend_connection(connection)
      phase = .suspended
    }
    guard core.begin(self) else {
      finish(HTTPAnswers.stopping)
      return .YES
    }
    Task(executorPreference: core.executor) {
      let response = await self.core.dispatcher.respond(to: request)
      self.core.end(self)
      self.finish(response)
    }
    return .YES
  }

  /// Lets libmicrohttpd send an answer; the first one counts.
  func finish(_ response: HTTPResponse) {
    phase.withLock { phase in
      guard case .suspended = phase else { return }
      phase = .answered(response)
      MHD_resume_connection(connection)
    }
  }

  private func request() -> HTTPRequest {
    let (path, query) = HTTPDispatch.split(target)
    var headers: [(name: String, value: String)] = []
    withUnsafeMutablePointer(to: &headers) { list in
      _ = MHD_get_connection_values(
        connection, .HEADER_KIND,
        { context, _, name, value in
          guard let context, let name else { return .YES }
          context.assumingMemoryBound(to: [(name: String, value: String)].self).pointee.append(
            (String(cString: name).lowercased(), value.map { String(cString: $0) } ?? ""))
          return .YES
        }, list)
    }
    let taken = body
    body = []
    return HTTPRequest(
      method: method, path: path, query: query, headers: headers, body: taken, peer: peer(),
      identity: core.identity(of: onepool_mhd_descriptor(connection)))
  }

  private func peer() -> String {
    guard let address = onepool_mhd_client_address(connection) else { return "unknown" }
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    let isIPv6 = Int32(address.pointee.sa_family) == AF_INET6
    let length = isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
    let result = getnameinfo(
      address, socklen_t(length), &host, socklen_t(host.count), &service,
      socklen_t(service.count), NI_NUMERICHOST | NI_NUMERICSERV)
    guard result == 0 else { return "unknown" }
    let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let port = String(
      decoding: service.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return isIPv6 ? "[\(name)]:\(port)" : "\(name):\(port)"
  }

  private func queue(_ response: HTTPResponse, closing: Bool = false) -> MHD_Result {
    var bytes = response.body
    guard
      let handle = MHD_create_response_from_buffer(
        bytes.count, &bytes, .RESPMEM_MUST_COPY)
    else { return .NO }
    defer { MHD_destroy_response(handle) }
    for (name, value) in response.headers { MHD_add_response_header(handle, name, value) }
    if closing { MHD_add_response_header(handle, "connection", "close") }
    return MHD_queue_response(connection, UInt32(response.status), handle)
  }
}
