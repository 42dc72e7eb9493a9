internal import Glibc
internal import Synchronization

/// A value in two copies: readers have the one that is shown, while the writer changes the other and then shows that. So
/// readers wait neither for the writer nor for each other, and the writer does not wait for them.
///
/// A reader counts itself in at the copy that is shown, and then looks whether it still is. If so, the writer sees the count
/// before it may come to this copy again; if not, nothing has been read yet, and the reader tries the other one. The writer
/// waits only for who is still reading what it showed before its last change: for who takes longer than two changes lie apart.
///
/// `@unchecked Sendable`: the counts keep readers and writer apart. There is one writer at a time.
final class Twins<Value: Sendable>: @unchecked Sendable {
  /// Cannot be copied, so that a reader borrows the value: else it would count itself in at every object that is in it.
  private struct Copy: ~Copyable {
    var value: Value

    func read<T>(_ body: (Value) throws -> T) rethrows -> T { try body(value) }
  }

  private let copies: UnsafeMutablePointer<Copy>
  /// Which of them is shown.
  private let shown = Atomic<Int>(0)
  private let readers: InlineArray<2, Atomic<Int>> = [Atomic(0), Atomic(0)]

  init(_ value: Value) {
    copies = .allocate(capacity: 2)
    for copy in 0..<2 { (copies + copy).initialize(to: Copy(value: value)) }
  }

  deinit {
    copies.deinitialize(count: 2)
    copies.deallocate()
  }

  func read<T>(_ body: (Value) throws -> T) rethrows -> T {
    let copy = enter()
    defer { readers[copy].wrappingSubtract(1, ordering: .sequentiallyConsistent) }
    return try copies[copy].read(body)
  }

  @inline(__always)
  private func enter() -> Int {
    while true {
      let copy = shown.load(ordering: .sequentiallyConsistent)
      readers[copy].wrappingAdd(1, ordering: .sequentiallyConsistent)
      if shown.load(ordering: .sequentiallyConsistent) == copy { return copy }
      readers[copy].wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }
  }

  /// Changes the copy that nobody reads, and shows it.
  ///
  /// - Parameter body: gets that copy, which lacks the last change, and the one that was shown until now.
  func write<T>(_ body: (inout Value, Value) -> T) -> T {
    let old = shown.load(ordering: .sequentiallyConsistent)
    let new = 1 - old
    while readers[new].load(ordering: .sequentiallyConsistent) > 0 { sched_yield() }
    let result = copies[old].read { body(&copies[new].value, $0) }
    shown.store(new, ordering: .sequentiallyConsistent)
    return result
  }
}
