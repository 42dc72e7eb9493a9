internal import Glibc

/// A thread that runs handlers: a server's event loop.
///
/// Who answers many calls at once, as a store does after a commit, gives each such thread its own in one go. It is woken
/// once, makes the answers where its connections are in the processor's cache, and frees what it has made.
package protocol HandlerThread: AnyObject, Sendable {
  /// Runs each of these there, in their order, after what is going on there now.
  func enqueue(_ works: [any HandlerWork])
}

/// What a thread that runs handlers is given to do.
package protocol HandlerWork: AnyObject, Sendable {
  func run()
}

/// Knows which threads run handlers.
package enum HandlerThreads {
  /// What a thread keeps of itself.
  private final class Name {
    let thread: any HandlerThread

    init(_ thread: any HandlerThread) {
      self.thread = thread
    }
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { name in
      if let name { Unmanaged<Name>.fromOpaque(name).release() }
    }
    precondition(status == 0, "the process has no thread-local key left")
    return key
  }()

  /// The one that this is called on; nil on a thread that runs no handlers.
  package static var current: (any HandlerThread)? {
    guard let name = pthread_getspecific(key) else { return nil }
    return Unmanaged<Name>.fromOpaque(name).takeUnretainedValue().thread
  }

  /// Says that the calling thread is `thread`, until it ends.
  package static func enter(_ thread: any HandlerThread) {
    pthread_setspecific(key, Unmanaged.passRetained(Name(thread)).toOpaque())
  }
}
