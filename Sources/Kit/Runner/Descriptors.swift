internal import Dispatch
internal import Glibc

/// The file descriptors that the process may open. Foundation's Dispatch ends a process at once, with SIGILL and without a
/// word, when there is none for it: so the start asks first, and takes what Dispatch will want. (Swift's runtime takes a few
/// before our first line: a process without them ends so all the same.)
enum Descriptors {
  /// What must be free at start: stores, loops, listeners, Dispatch, and some connections.
  static let minimum = 128
  /// As far as the limit is raised where the system allows it: all connections that a server keeps, and its own calls.
  static let wanted: rlim_t = 65_536

  /// Raises the limit as far as it may be and is of use.
  ///
  /// - Throws: an exit with one line when too few are left.
  static func prepare(for program: String) throws(Settings.Exit) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    if limit.rlim_cur < wanted {
      limit.rlim_cur = min(limit.rlim_max, wanted)
      // Refused, the limit is as it was.
      _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
    let free = free(of: limit.rlim_cur)
    guard free < minimum else { return }
    throw Settings.Exit(
      status: Settings.usageStatus,
      text: "\(program): the limit of open files (ulimit -n) is \(limit.rlim_cur), of which "
        + "\(free) are free: must leave at least \(minimum)\n")
  }

  /// How many of the numbers below the limit name nothing, as far as it matters.
  private static func free(of limit: rlim_t) -> Int {
    (0..<Int32(min(limit, rlim_t(minimum * 8)))).count { fcntl($0, F_GETFD) < 0 }
  }

  /// Makes Dispatch open what it opens once in the life of a process: its epoll and a timer of each clock.
  static func takeDispatchs() async {
    // Nobody cancels these: they end.
    try? await Task.sleep(for: .nanoseconds(1), clock: .continuous)
    try? await Task.sleep(for: .nanoseconds(1), clock: .suspending)
    await withCheckedContinuation { over in
      DispatchQueue.global().asyncAfter(wallDeadline: .now()) { over.resume() }
    }
  }
}
