internal import CMicroHTTPD
internal import Glibc
public import RPCCore
internal import Synchronization

/// HTTP/1.1 by libmicrohttpd, on connections that somebody else has accepted.
///
/// libmicrohttpd reads and writes on a thread of its own; a request is suspended there while its route runs.
public final class HTTP1Server: Sendable {
  private let daemon: DaemonBox
  private let core: RequestCore

  /// - Parameters:
  ///   - executor: what routes and methods run on.
  ///   - isOverloaded: whether that one is too late with its work; asked there.
  /// - Throws: `HTTP1Error.start` when libmicrohttpd cannot start its thread.
  public init(
    dispatcher: Dispatcher, admission: Admission, messageBytes: Int, maximumConnections: Int,
    arrivals: ArrivalLimits, executor: any TaskExecutor,
    isOverloaded: @escaping @Sendable () -> Bool = { false }
  ) throws(HTTP1Error) {
    core = RequestCore(
      dispatcher: dispatcher, admission: admission, messageBytes: messageBytes, executor: executor,
      watch: ArrivalWatch(arrivals, dispatcher.observer), isOverloaded: isOverloaded)
    daemon = DaemonBox()
    let flags =
      MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_USE_NO_LISTEN_SOCKET.rawValue
      | MHD_ALLOW_SUSPEND_RESUME.rawValue | MHD_USE_ITC.rawValue
    let context = Unmanaged.passUnretained(core).toOpaque()
    var options = [
      MHD_OptionItem(
        option: .URI_LOG_CALLBACK,
        value: Int(bitPattern: unsafeBitCast(Self.began, to: UnsafeRawPointer.self)),
        ptr_value: context),
      MHD_OptionItem(
        option: .NOTIFY_COMPLETED,
        value: Int(bitPattern: unsafeBitCast(Self.completed, to: UnsafeRawPointer.self)),
        ptr_value: nil),
      MHD_OptionItem(
        option: .NOTIFY_CONNECTION,
        value: Int(bitPattern: unsafeBitCast(Self.noticed, to: UnsafeRawPointer.self)),
        ptr_value: context),
      MHD_OptionItem(
        option: .CONNECTION_LIMIT, value: maximumConnections, ptr_value: nil),
      MHD_OptionItem(
        option: .CONNECTION_TIMEOUT, value: arrivals.idleSeconds, ptr_value: nil),
      MHD_OptionItem(
        option: .CONNECTION_MEMORY_LIMIT, value: TargetLimits.connectionBytes, ptr_value: nil),
      MHD_OptionItem(option: .END, value: 0, ptr_value: nil),
    ]
    let handle = onepool_mhd_start(
      flags, Self.answer, context, &options)
    guard let handle else { throw .start }
    daemon.set(handle)
  }

  /// Requests that are not answered to their end.
  public var openRequests: Int { core.open.load(ordering: .relaxed) }

  /// Takes a connected socket over; its first bytes are still unread.
  ///
  /// - Parameters:
  ///   - peer: who it is, for the log.
  ///   - connection: the socket whose peer it is for, when `descriptor` is one end of a pair.
  ///   - identity: the names in the certificate that the peer has shown.
  public func take(
    _ descriptor: Int32, peer: String, from connection: Int32? = nil, identity: [String] = []
  ) {
    core.setIdentity(identity, of: descriptor)
    core.watch.setPeer(peer, of: descriptor)
    var address = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutablePointer(to: &address) { storage in
      storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        guard getpeername(connection ?? descriptor, pointer, &length) == 0 else {
          // The peer is gone already: ENOTCONN (getpeername(2)).
          core.watch.closes(descriptor)
          close(descriptor)
          return
        }
        daemon.add(descriptor, pointer, length)
      }
    }
  }

  /// Ends the connections that take too long over a request; to be called now and then, with monotonic nanoseconds.
  public func endOverdue(now: Int64) { core.watch.look(now: now) }

  /// Ends the answers that have no end of their own.
  public func drain() {
    for request in core.all() { request.stopStream() }
  }

  /// Ends all connections and the thread. A request whose route still runs is answered 503 as far as its connection
  /// takes it: libmicrohttpd aborts the process when a connection is suspended at its end.
  public func stop() {
    for request in core.stop() { request.stop() }
    daemon.stop()
  }

  /// Called with the request target as it was sent, before the headers: what it returns goes along with the request.
  private static let began:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) ->
      UnsafeMutableRawPointer? = { context, target, connection in
        guard let context, let target, let connection else { return nil }
        let core = Unmanaged<RequestCore>.fromOpaque(context).takeUnretainedValue()
        let request = PendingRequest(connection, target: String(cString: target), core: core)
        core.open.add(1, ordering: .relaxed)
        request.refuseWhatDoesNotFit()
        return Unmanaged.passRetained(request).toOpaque()
      }

  /// Called when a connection was taken, and before its descriptor is closed.
  private static let noticed:
    @convention(c) (
      UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
      MHD_ConnectionNotificationCode
    ) -> Void = { context, connection, _, code in
      guard let context, let connection else { return }
      let watch = Unmanaged<RequestCore>.fromOpaque(context).takeUnretainedValue().watch
      let descriptor = onepool_mhd_socket(connection)
      if code == .CONNECTION_NOTIFY_STARTED {
        watch.awaits(descriptor)
      } else {
        watch.closes(descriptor)
      }
    }

  /// Called for the headers, for each piece of the body, at its end, and once more when an answer is there.
  private static let answer:
    @convention(c) (
      UnsafeMutableRawPointer?, OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
      UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafeMutablePointer<Int>?,
      UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result = { _, _, _, method, _, upload, uploadSize, slot in
      guard let method, let uploadSize, let known = slot?.pointee else { return .NO }
      let request = Unmanaged<PendingRequest>.fromOpaque(known).takeUnretainedValue()
      guard !request.isRefused else { return .NO }
      guard request.isBegun else {
        request.begin(method: String(cString: method))
        return .YES
      }
      if uploadSize.pointee > 0 {
        request.receive(upload, uploadSize.pointee)
        uploadSize.pointee = 0
        return .YES
      }
      return request.proceed()
    }

  private static let completed:
    @convention(c) (
      UnsafeMutableRawPointer?, OpaquePointer?, UnsafeMutablePointer<UnsafeMutableRawPointer?>?,
      MHD_RequestTerminationCode
    ) -> Void = { _, _, slot, code in
      guard let slot, let known = slot.pointee else { return }
      let request = Unmanaged<PendingRequest>.fromOpaque(known).takeRetainedValue()
      slot.pointee = nil
      request.completed(isOverdue: code == .REQUEST_TERMINATED_TIMEOUT_REACHED)
      request.core.open.subtract(1, ordering: .relaxed)
    }
}

/// Why HTTP/1.1 cannot be served.
public enum HTTP1Error: Error, Sendable, Equatable {
  case start
}

/// Owns libmicrohttpd's daemon.
private final class DaemonBox: @unchecked Sendable {
  // Sendable: the pointer is set once before use and cleared under the lock; libmicrohttpd locks inside.
  private let handle = Mutex<UInt>(0)

  func set(_ pointer: OpaquePointer) {
    handle.withLock { $0 = UInt(bitPattern: pointer) }
  }

  func add(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) {
    handle.withLock { bits in
      guard let pointer = OpaquePointer(bitPattern: bits) else {
        close(descriptor)
        return
      }
      // libmicrohttpd closes a socket that it does not take.
      _ = MHD_add_connection(pointer, descriptor, address, length)
    }
  }

  func stop() {
    let bits = handle.withLock { bits in
      let taken = bits
      bits = 0
      return taken
    }
    if let pointer = OpaquePointer(bitPattern: bits) { MHD_stop_daemon(pointer) }
  }

  deinit {
    stop()
  }
}

/// What every request needs, and which of them wait for their route or make their answer as it is sent.
final class RequestCore: Sendable {
  private struct State {
    var waiting: [ObjectIdentifier: PendingRequest] = [:]
    var isStopping = false
    /// By the number of the connection's descriptor. Whoever comes under it next sets or clears it.
    var identities: [Int32: [String]] = [:]
  }

  let dispatcher: Dispatcher
  let executor: any TaskExecutor
  let messageBytes: Int
  let open = Atomic<Int>(0)
  let watch: ArrivalWatch
  private let admission: Admission
  private let isOverloaded: @Sendable () -> Bool
  private let state = Mutex(State())

  init(
    dispatcher: Dispatcher, admission: Admission, messageBytes: Int, executor: any TaskExecutor,
    watch: ArrivalWatch, isOverloaded: @escaping @Sendable () -> Bool
  ) {
    self.dispatcher = dispatcher
    self.watch = watch
    self.admission = admission
    self.messageBytes = messageBytes
    self.executor = executor
    self.isOverloaded = isOverloaded
  }

  /// Answers a request, unless the server has as much to do as it may have.
  func respond(to request: HTTPRequest) async -> HTTPResponse {
    guard dispatcher.counts(request) else {
      return await dispatcher.respond(to: request, messageBytes: messageBytes)
    }
    guard admission.enter(isOverloaded: isOverloaded()) else {
      return dispatcher.refuse(request, admission.refusal)
    }
    let response = await dispatcher.respond(to: request, messageBytes: messageBytes)
    if let stream = response.stream {
      stream.whenOver { [admission] in admission.leave() }
    } else {
      admission.leave()
    }
    return response
  }

  func setIdentity(_ identity: [String], of descriptor: Int32) {
    state.withLock { $0.identities[descriptor] = identity.isEmpty ? nil : identity }
  }

  func identity(of descriptor: Int32) -> [String] {
    state.withLock { $0.identities[descriptor] ?? [] }
  }

  /// Notes that a request waits for its route; false when the server stops.
  func begin(_ request: PendingRequest) -> Bool {
    state.withLock { state in
      guard !state.isStopping else { return false }
      state.waiting[ObjectIdentifier(request)] = request
      return true
    }
  }

  func end(_ request: PendingRequest) {
    state.withLock { $0.waiting[ObjectIdentifier(request)] = nil }
  }

  /// Those that are not answered to their end.
  func all() -> [PendingRequest] {
    state.withLock { Array($0.waiting.values) }
  }

  /// Takes no further request; returns those that wait.
  func stop() -> [PendingRequest] {
    state.withLock { state in
      state.isStopping = true
      defer { state.waiting = [:] }
      return Array(state.waiting.values)
    }
  }
}
