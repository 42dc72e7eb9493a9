internal import CLinux

/// Begins to fetch an object into the processor's cache, and waits for nothing: who does it for many before he reads the
/// first waits once instead of for each.
@inlinable
public func prefetch(_ object: AnyObject) {
  prefetch(address: UInt(bitPattern: ObjectIdentifier(object)))
}

@usableFromInline
func prefetch(address: UInt) { onepool_prefetch(UnsafeRawPointer(bitPattern: address)) }

extension [UInt64] {
  /// The same of what lies at an index.
  public func prefetch(_ index: Int) {
    precondition(indices.contains(index), "an index of the array")
    withUnsafeBufferPointer { onepool_prefetch($0.baseAddress.map { $0 + index }) }
  }
}
