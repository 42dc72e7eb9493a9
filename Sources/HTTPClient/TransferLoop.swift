internal import CCurl
internal import CLinux
internal import Glibc
internal import Synchronization

/// The thread with all transfers: waits on their sockets with epoll, and lets libcurl act on those that are ready.
///
/// `@unchecked Sendable`: `inbox` is behind its lock, the descriptor for waking may be written to by anybody, and the
/// rest is the thread's own.
///
/// - Note: Source: curl.se/libcurl/c/curl_multi_socket_action.html.
final class TransferLoop: @unchecked Sendable {
  private struct Inbox {
    var added: [Transfer] = []
    var cancelled: [Int] = []
    var isStopped = false
    /// Whether the thread was woken and has not looked yet.
    var isWoken = false
  }

  private static let prepare: Void = { _ = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }()
  /// Handles that are kept for further calls.
  private static let keptHandles = 64
  private static let eventsAtOnce = 64

  private let multi: UnsafeMutableRawPointer
  private let poll: Int32
  private let waker: Int32
  private let inbox = Mutex(Inbox())
  private let numbers = Atomic<Int>(0)
  private var transfers: [Int: Transfer] = [:]
  private var free: [UnsafeMutableRawPointer] = []
  /// When libcurl wants to be called though no socket is ready, in milliseconds of the monotonic clock.
  private var due: Int?

  init(_ limits: HTTPClientLimits) {
    Self.prepare
    guard let multi = curl_multi_init() else {
      preconditionFailure("there is no memory for libcurl")
    }
    self.multi = multi
    poll = epoll_create1(Int32(EPOLL_CLOEXEC))
    waker = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    precondition(poll >= 0 && waker >= 0, "the system gives no descriptor for outbound calls")
    onepool_curl_limit(multi, CURLMOPT_MAX_HOST_CONNECTIONS, limits.connectionsOfHost)
    onepool_curl_limit(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, limits.connections)
    onepool_curl_limit(multi, CURLMOPT_MAXCONNECTS, limits.connections)
    onepool_curl_watch(
      multi,
      { _, socket, what, owner, _ in
        TransferLoop.of(owner).watch(socket, what)
        return 0
      },
      { _, milliseconds, owner in
        let loop = TransferLoop.of(owner)
        loop.due = milliseconds < 0 ? nil : TransferLoop.now() + milliseconds
        return 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  private static func of(_ owner: UnsafeMutableRawPointer?) -> TransferLoop {
    guard let owner else { preconditionFailure("a callback has its loop") }
    return Unmanaged<TransferLoop>.fromOpaque(owner).takeUnretainedValue()
  }

  private static func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
  }

  func startThread() {
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    precondition(status == 0, "the system gives no thread for outbound calls: \(status)")
    onepool_name_thread(thread, "onepool-http")
    pthread_detach(thread)
  }

  deinit {
    close(poll)
    close(waker)
  }

  // MARK: From anywhere

  func nextNumber() -> Int { numbers.add(1, ordering: .relaxed).newValue }

  func add(_ transfer: Transfer) {
    let isTaken = change { inbox in
      if !inbox.isStopped { inbox.added.append(transfer) }
      return !inbox.isStopped
    }
    if !isTaken { transfer.answer(.failure(.cancelled)) }
  }

  func cancel(_ number: Int) {
    change { $0.cancelled.append(number) }
  }

  func stop() {
    change { $0.isStopped = true }
  }

  /// Changes the inbox and wakes the thread, unless somebody has.
  private func change<T>(_ body: (inout sending Inbox) -> T) -> T {
    let (result, isFirst) = inbox.withLock { inbox in
      let result = body(&inbox)
      defer { inbox.isWoken = true }
      return (result, !inbox.isWoken)
    }
    if isFirst { _ = eventfd_write(waker, 1) }
    return result
  }

  // MARK: The thread

  private func run() {
    register(waker, EPOLLIN.rawValue)
    var events = [epoll_event](repeating: epoll_event(), count: Self.eventsAtOnce)
    var running: Int32 = 0
    while true {
      let wait = due.map { max(0, min($0 - Self.now(), Int(Int32.max))) } ?? -1
      let count = epoll_wait(poll, &events, Int32(events.count), Int32(wait))
      for place in 0..<Int(max(0, count)) {
        let socket = Int32(truncatingIfNeeded: onepool_epoll_token(&events[place]))
        if socket == waker {
          guard takeInbox() else { return end() }
        } else {
          curl_multi_socket_action(multi, socket, Self.action(events[place].events), &running)
        }
      }
      if let time = due, time <= Self.now() {
        due = nil
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
      }
      endFinished()
    }
  }

  private static func action(_ events: UInt32) -> Int32 {
    var action: Int32 = 0
    if events & EPOLLIN.rawValue != 0 { action |= CURL_CSELECT_IN }
    if events & EPOLLOUT.rawValue != 0 { action |= CURL_CSELECT_OUT }
    if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { action |= CURL_CSELECT_ERR }
    return action
  }

  private func watch(_ socket: Int32, _ what: Int32) {
    guard what != CURL_POLL_REMOVE else {
      // It may be closed already, and is forgotten then.
      _ = onepool_epoll_ctl(poll, EPOLL_CTL_DEL, socket, 0, 0)
      return
    }
    var events: UInt32 = 0
    if what & CURL_POLL_IN != 0 { events |= EPOLLIN.rawValue }
    if what & CURL_POLL_OUT != 0 { events |= EPOLLOUT.rawValue }
    register(socket, events)
  }

  /// A number may be a socket's that was closed and is another's now, so only the system knows whether it waits for it.
  private func register(_ descriptor: Int32, _ events: UInt32) {
    let token = UInt64(descriptor)
    var status = onepool_epoll_ctl(poll, EPOLL_CTL_MOD, descriptor, events, token)
    if status != 0, errno == ENOENT {
      status = onepool_epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, events, token)
    }
    precondition(status == 0, "a socket cannot be waited for: \(errno)")
  }

  /// - Returns: false when the client is gone.
  private func takeInbox() -> Bool {
    var count: eventfd_t = 0
    eventfd_read(waker, &count)
    let (added, cancelled, isStopped) = inbox.withLock { inbox in
      let taken = (inbox.added, inbox.cancelled, inbox.isStopped)
      (inbox.added, inbox.cancelled, inbox.isWoken) = ([], [], false)
      return taken
    }
    for transfer in added { start(transfer) }
    for number in cancelled {
      guard let transfer = transfers.removeValue(forKey: number) else { continue }
      release(transfer)
      transfer.answer(.failure(.cancelled))
    }
    return !isStopped
  }

  private func start(_ transfer: Transfer) {
    guard let handle = free.popLast() ?? curl_easy_init() else {
      return transfer.answer(.failure(.noAnswer("there is no memory for it")))
    }
    transfer.start(handle)
    let status = curl_multi_add_handle(multi, handle)
    guard status == CURLM_OK else {
      curl_easy_cleanup(handle)
      return transfer.answer(.failure(.noAnswer(String(cString: curl_multi_strerror(status)))))
    }
    transfers[transfer.number] = transfer
  }

  private func endFinished() {
    var left: Int32 = 0
    while let message = curl_multi_info_read(multi, &left) {
      guard message.pointee.msg == CURLMSG_DONE else { continue }
      let result = onepool_curl_result(message)
      let transfer = Transfer.of(onepool_curl_owner(message.pointee.easy_handle))
      transfers[transfer.number] = nil
      transfer.end(result)
      release(transfer)
    }
  }

  /// Takes a transfer's handle back, for another one.
  private func release(_ transfer: Transfer) {
    guard let handle = transfer.handle else { return }
    curl_multi_remove_handle(multi, handle)
    if free.count < Self.keptHandles {
      curl_easy_reset(handle)
      free.append(handle)
    } else {
      curl_easy_cleanup(handle)
    }
  }

  private func end() {
    for transfer in transfers.values {
      release(transfer)
      transfer.answer(.failure(.cancelled))
    }
    transfers = [:]
    for handle in free { curl_easy_cleanup(handle) }
    curl_multi_cleanup(multi)
  }
}
