internal import Synchronization

/// The keys of a service's secrets, which may be changed while it runs.
///
/// A change is three steps, each of which may be the last before a crash: a new key is put in front (`addKey`), everything
/// is sealed anew, and the old keys go (`dropKeys`). Meanwhile each of them opens.
public final class KeyRing: Sendable {
  /// The keys were given by an operator, who changes them by giving others.
  public struct NotOurs: Error {}

  /// Nil when they were given.
  private let path: String?
  private let keys: Mutex<[[UInt8]]>

  /// - Parameter keys: the newest first.
  public init(keys: [[UInt8]]) {
    path = nil
    self.keys = Mutex(keys)
  }

  /// The keys in a file, which is made when it is not there.
  public init(file path: String) throws(KeyFile.Failure) {
    self.path = path
    keys = Mutex(try KeyFile.load(orCreate: path))
  }

  /// Seals with the newest key, opens with each.
  public var box: SecretBox { SecretBox(keys: keys.withLock { $0 }) }

  /// Whether something may still be sealed with an older key.
  public var hasOldKeys: Bool { keys.withLock { $0.count > 1 } }

  /// From now on a new key seals. While there are old ones, the newest has not sealed everything yet and stays.
  ///
  /// - Throws: `NotOurs`, or `KeyFile.Failure`; then nothing has changed.
  public func addKey() throws {
    guard let path else { throw NotOurs() }
    try keys.withLock { keys in
      guard keys.count == 1 else { return }
      let changed = [SecureRandom.bytes(SecretBox.keyBytes)] + keys
      try KeyFile.replace(path, with: changed)
      keys = changed
    }
  }

  /// Forgets the keys that are older than the one that `box` seals with: everything is sealed with it, or a newer one.
  /// Keys that were given stay.
  public func dropKeys(olderThan box: SecretBox) throws {
    guard let path else { return }
    try keys.withLock { keys in
      guard let index = keys.firstIndex(of: box.keys[0]), index + 1 < keys.count else { return }
      let kept = Array(keys[...index])
      try KeyFile.replace(path, with: kept)
      keys = kept
    }
  }
}
