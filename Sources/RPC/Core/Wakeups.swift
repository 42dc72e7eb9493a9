internal import Glibc

/// What waits on a thread of its own and is woken when others hand it work.
package protocol Wakeable: AnyObject, Sendable {
  func wake()
}

/// Lets a thread that answers many calls at once wake each of those that wait for them once, and only when all are
/// answered: a thread that is woken for the first answer takes the processor from the one that gives the others, and
/// sends them one by one.
public enum Wakeups {
  private final class Gathered {
    var waiting: [any Wakeable] = []
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key, nil)
    precondition(status == 0, "the process has no thread-local key left")
    return key
  }()

  /// Runs `body`, and wakes whom it has given work when it is over. For short work that does not wait.
  public static func gather(_ body: () -> Void) {
    guard pthread_getspecific(key) == nil else { return body() }
    let gathered = Gathered()
    withExtendedLifetime(gathered) {
      pthread_setspecific(key, Unmanaged.passUnretained(gathered).toOpaque())
      body()
      pthread_setspecific(key, nil)
      for waiting in gathered.waiting { waiting.wake() }
    }
  }

  /// Wakes now or, inside `gather`, at its end. Whoever calls sees to it that nobody else does meanwhile.
  package static func wake(_ waiting: any Wakeable) {
    guard let pointer = pthread_getspecific(key) else { return waiting.wake() }
    Unmanaged<Gathered>.fromOpaque(pointer).takeUnretainedValue().waiting.append(waiting)
  }
}
