internal import CLinux
internal import Glibc
internal import Primitives
internal import RPCCore
internal import Synchronization

/// What an event loop calls when a file descriptor is ready. Called on the loop's thread only.
protocol EventHandler: AnyObject {
  func ready(readable: Bool, writable: Bool, broken: Bool)
}

/// One thread that waits for sockets (epoll(7)), timers and jobs, and owns everything that it calls.
///
/// It is the `TaskExecutor` of the handlers of its connections: a unary call crosses no thread.
final class EventLoop: TaskExecutor, HandlerThread, @unchecked Sendable {
  // Sendable: what other threads touch is `inbox`, under its lock, and the eventfd; all else is used on the
  // loop's own thread, which `preconditionOnLoop` checks where it is entered.

  private struct Inbox {
    var jobs: [UnownedJob] = []
    var closures: [@Sendable () -> Void] = []
    var works: [any HandlerWork] = []
    /// Whether the loop looks here again before it waits, so that nobody has to wake it.
    var isAwake = true

    var isEmpty: Bool { jobs.isEmpty && closures.isEmpty && works.isEmpty }
  }

  /// How often work that makes more work is run on before sockets and timers have their turn.
  private static let roundsPerTurn = 64
  /// After so many jobs what they made goes out: the other side works on it while the rest is run here.
  private static let jobsPerFlush = 16

  private let epoll: Int32
  private let wakeup: Int32
  private let inbox = Mutex(Inbox())
  /// Counts what was put into the inbox. The thread sanitizer does not see the lock (it is a futex of Swift's own), and so
  /// would not see that what is handed over was written before.
  private let handedOver = Atomic<UInt>(0)
  /// The loop's thread, once it runs (a `pthread_t`).
  private let thread = Atomic<UInt>(0)
  private var localJobs: [UnownedJob] = []
  private var localClosures: [@Sendable () -> Void] = []
  private var localWorks: [any HandlerWork] = []
  /// What is being run; swapped with `localJobs`, so that neither is allocated anew.
  private var runningJobs: [UnownedJob] = []
  private var handlers: [UInt64: any EventHandler] = [:]
  private var nextToken: UInt64 = 1
  private var timers = TimerHeap()
  private var flushes: [any Flushing] = []
  private var isRunning = true
  /// How late the loop is with its work.
  var load = LoopLoad()
  /// What sockets are read into, one after another.
  let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)

  /// - Throws: `TransportError.system` when the process may open no more descriptors.
  init(name: String) throws(TransportError) {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw .system("epoll_create1", errno) }
    wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard wakeup >= 0 else {
      let code = errno
      close(epoll)
      throw .system("eventfd", code)
    }
    let added = onepool_epoll_ctl(epoll, EPOLL_CTL_ADD, wakeup, EPOLLIN.rawValue, 0)
    precondition(added == 0, "a new eventfd can be added to a new epoll")
    start(name: name)
  }

  deinit {
    readBuffer.deallocate()
    close(wakeup)
    close(epoll)
  }

  private func start(name: String) {
    let unmanaged = Unmanaged.passRetained(self)
    // 4 MiB: handlers run here, and debug builds of them are hungry.
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setstacksize(&attributes, 4 << 20)
    var made = pthread_t()
    let result = pthread_create(
      &made, &attributes,
      { argument in
        guard let argument else { return nil }
        let loop = Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue()
        loop.thread.store(UInt(pthread_self()), ordering: .relaxed)
        HandlerThreads.enter(loop)
        loop.run()
        return nil
      }, unmanaged.toOpaque())
    precondition(result == 0, "a thread can be started (pthread_create(3): \(result))")
    onepool_name_thread(made, String(name.prefix(15)))
    pthread_detach(made)
    pthread_attr_destroy(&attributes)
  }

  var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

  func preconditionOnLoop() {
    precondition(isCurrent, "called from another thread than the loop's")
  }

  // MARK: - Jobs

  func enqueue(_ job: consuming ExecutorJob) {
    let unowned = UnownedJob(job)
    if isCurrent {
      localJobs.append(unowned)
      return
    }
    post { $0.jobs.append(unowned) }
  }

  /// Runs `body` on the loop: at once when called there, else soon.
  func execute(_ body: @escaping @Sendable () -> Void) {
    if isCurrent {
      body()
    } else {
      post { $0.closures.append(body) }
    }
  }

  /// Runs `body` on the loop, after what is going on there now.
  func executeLater(_ body: @escaping @Sendable () -> Void) {
    if isCurrent {
      localClosures.append(body)
    } else {
      post { $0.closures.append(body) }
    }
  }

  func enqueue(_ works: [any HandlerWork]) {
    post { $0.works.append(contentsOf: works) }
  }

  private func post(_ add: (inout Inbox) -> Void) {
    let mustWake = inbox.withLock { inbox in
      handedOver.wrappingAdd(1, ordering: .releasing)
      add(&inbox)
      guard !inbox.isAwake else { return false }
      inbox.isAwake = true
      return true
    }
    if mustWake { wake() }
  }

  private func wake() {
    var one: UInt64 = 1
    // A full counter (EAGAIN) wakes the loop just as well.
    _ = write(wakeup, &one, 8)
  }

  /// Ends the loop's thread after what is queued now; nothing may be posted later.
  func shutdown() {
    execute { self.isRunning = false }
  }

  // MARK: - Descriptors

  /// Watches a descriptor; returns what `modify` and `remove` want.
  func add(_ descriptor: Int32, events: UInt32, handler: any EventHandler) -> UInt64? {
    preconditionOnLoop()
    let token = nextToken
    nextToken += 1
    guard onepool_epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, events, token) == 0 else {
      return nil
    }
    handlers[token] = handler
    return token
  }

  func modify(_ descriptor: Int32, token: UInt64, events: UInt32) {
    preconditionOnLoop()
    let result = onepool_epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, events, token)
    precondition(result == 0, "a watched descriptor can be modified")
  }

  /// Stops watching. What epoll has already handed out for it is passed over: its token is gone.
  func remove(_ descriptor: Int32, token: UInt64) {
    preconditionOnLoop()
    handlers[token] = nil
    _ = onepool_epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, 0, token)
  }

  // MARK: - Timers

  /// Fires `timer` once at `due` (monotonic nanoseconds) unless it is cancelled.
  func schedule(_ timer: LoopTimer, at due: Int64) {
    preconditionOnLoop()
    timers.insert(timer, due: due)
  }

  /// Runs `action` once at `due` (monotonic nanoseconds) unless it is cancelled.
  @discardableResult
  func schedule(at due: Int64, _ action: @escaping () -> Void) -> LoopTimer {
    let timer = ActionTimer(action)
    schedule(timer, at: due)
    return timer
  }

  /// Harmless for a timer that has fired.
  func cancel(_ timer: LoopTimer) {
    preconditionOnLoop()
    timers.remove(timer)
  }

  /// Calls `flush` of it once before the loop waits again: what was gathered goes out in one write.
  func flushSoon(_ gatherer: any Flushing) {
    flushes.append(gatherer)
  }

  // MARK: - The loop

  private func run() {
    var events = [epoll_event](repeating: epoll_event(), count: 256)
    var turnStart = monotonicNanoseconds()
    while isRunning {
      runWork()
      let now = monotonicNanoseconds()
      load.turn(from: turnStart, to: now)
      let wait = mayWait() ? waitMilliseconds(now) : 0
      let count = epoll_wait(epoll, &events, Int32(events.count), wait)
      turnStart = wait == 0 ? now : monotonicNanoseconds()
      if count < 0 {
        precondition(errno == EINTR, "epoll_wait fails by signals only (epoll_wait(2))")
        continue
      }
      for index in 0..<Int(count) {
        dispatch(&events[index])
      }
      fireTimers()
    }
    runWork()
  }

  private func dispatch(_ event: inout epoll_event) {
    let token = onepool_epoll_token(&event)
    guard token != 0 else {
      var counter: UInt64 = 0
      _ = read(wakeup, &counter, 8)
      return
    }
    guard let handler = handlers[token] else { return }
    let flags = event.events
    handler.ready(
      readable: flags & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0,
      writable: flags & EPOLLOUT.rawValue != 0,
      broken: flags & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0)
  }

  /// Runs jobs and closures, and what they queue in turn, then writes out what they made; at most `roundsPerTurn`
  /// times over.
  private func runWork() {
    takeInbox()
    var rounds = 0
    while hasLocalWork, rounds < Self.roundsPerTurn {
      while hasLocalJobs, rounds < Self.roundsPerTurn {
        runLocalWork()
        rounds += 1
      }
      flushAll()
      rounds += 1
    }
  }

  private func flushAll() {
    let pending = flushes
    flushes.removeAll(keepingCapacity: true)
    for gatherer in pending { gatherer.flush() }
  }

  private func runLocalWork() {
    swap(&localJobs, &runningJobs)
    for (index, job) in runningJobs.enumerated() {
      job.runSynchronously(on: asUnownedTaskExecutor())
      if index % Self.jobsPerFlush == Self.jobsPerFlush - 1, !flushes.isEmpty { flushAll() }
    }
    runningJobs.removeAll(keepingCapacity: true)
    runLocalWorks()
    guard !localClosures.isEmpty else { return }
    let closures = localClosures
    localClosures = []
    for closure in closures { closure() }
  }

  private func runLocalWorks() {
    var works: [any HandlerWork] = []
    swap(&works, &localWorks)
    works.reverse()
    var count = 0
    // Each is freed while it is still in the processor's cache.
    while let work = works.popLast() {
      work.run()
      count += 1
      if count % Self.jobsPerFlush == 0, !flushes.isEmpty { flushAll() }
    }
  }

  private var hasLocalJobs: Bool {
    !localJobs.isEmpty || !localClosures.isEmpty || !localWorks.isEmpty
  }

  private var hasLocalWork: Bool { hasLocalJobs || !flushes.isEmpty }

  /// Whether there is nothing to do until a descriptor or a timer is due; who posts from now on must wake the loop.
  private func mayWait() -> Bool {
    guard !hasLocalWork else { return false }
    return inbox.withLock { inbox in
      inbox.isAwake = !inbox.isEmpty
      return !inbox.isAwake
    }
  }

  private func takeInbox() {
    let (jobs, closures, works) = inbox.withLock { inbox in
      _ = handedOver.load(ordering: .acquiring)
      inbox.isAwake = true
      let taken = (inbox.jobs, inbox.closures, inbox.works)
      inbox.jobs = []
      inbox.closures = []
      inbox.works = []
      return taken
    }
    localJobs.append(contentsOf: jobs)
    localClosures.append(contentsOf: closures)
    if localWorks.isEmpty { localWorks = works } else { localWorks += works }
  }

  private func waitMilliseconds(_ now: Int64) -> Int32 {
    guard let due = timers.firstDue else { return -1 }
    let nanoseconds = due - now
    guard nanoseconds > 0 else { return 0 }
    return Int32(min(nanoseconds / 1_000_000 + 1, 60_000))
  }

  private func fireTimers() {
    guard !timers.isEmpty else { return }
    let now = monotonicNanoseconds()
    while let timer = timers.popDue(now) { timer.fire() }
  }
}

/// Carries something of a loop's through a task or to a later turn, back to the loop.
struct LoopBound<Value>: @unchecked Sendable {
  // Sendable: the value is touched on its loop only, by those who carry it.
  let value: Value

  init(_ value: Value) {
    self.value = value
  }
}

/// What gathers output during a turn of the loop.
protocol Flushing: AnyObject {
  func flush()
}

/// Why a socket or a thread could not be had.
public enum TransportError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A system call failed with this `errno`.
  case system(String, Int32)
  /// The address is in use, or may not be used.
  case listen(String, Int32)
  /// The address cannot be understood.
  case address(String)
  /// Others reach the address, and nothing says who may call.
  case unprotected(String)

  public var description: String {
    switch self {
    case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
    case .listen(let address, let code):
      "cannot listen on \(address): \(String(cString: strerror(code)))"
    case .address(let text): "\(text) is no address: host:port is wanted"
    case .unprotected(let text):
      "\(text) can be reached by others, and nothing says who may call"
    }
  }
}

/// The loops that a process shares out its connections to.
final class EventLoopGroup: Sendable {
  let loops: [EventLoop]
  private let next = RoundRobin()

  init(count: Int, name: String) throws(TransportError) {
    var loops: [EventLoop] = []
    for index in 0..<max(1, count) { loops.append(try EventLoop(name: "\(name)-\(index)")) }
    self.loops = loops
  }

  func nextLoop() -> EventLoop {
    loops[next.index(below: loops.count)]
  }

  /// The loops of clients that belong to no server. They live as long as the process.
  static let shared: EventLoopGroup = {
    do {
      return try EventLoopGroup(count: 1, name: "onepool-client")
    } catch {
      preconditionFailure("the first event loop can be made: \(error)")
    }
  }()
}
