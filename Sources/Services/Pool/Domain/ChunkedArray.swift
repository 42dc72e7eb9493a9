/// An array in chunks, of which two owners share those that neither has changed since.
///
/// The pool changes its own; the readers' copy takes over the chunks that changed, after each commit. So
/// both have all of it in memory once, and a change copies one chunk.
public struct ChunkedArray<Element: Sendable>: RandomAccessCollection, Sendable {
  private var chunks: [[Element]] = []
  public private(set) var count = 0
  private let shift: Int

  /// - Parameter chunkSize: a power of two.
  public init(chunkSize: Int) {
    precondition(chunkSize > 0 && chunkSize & (chunkSize - 1) == 0, "a power of two")
    shift = chunkSize.trailingZeroBitCount
  }

  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  public subscript(index: Int) -> Element {
    get { chunks[index >> shift][index & (1 << shift - 1)] }
    _modify { yield &chunks[index >> shift][index & (1 << shift - 1)] }
  }

  public mutating func append(_ element: Element) {
    let chunk = count >> shift
    if chunk == chunks.count {
      chunks.append([])
      chunks[chunk].reserveCapacity(1 << shift)
    }
    chunks[chunk].append(element)
    count += 1
  }

  /// Takes over the chunk of `other` that has an element, and makes room for those before it.
  ///
  /// - Precondition: `other` has grown out of what this one was: elements are only added at its end.
  public mutating func share(_ other: ChunkedArray, at index: Int) {
    precondition(shift == other.shift && other.count >= count, "a copy of another array")
    let chunk = index >> shift
    if chunk >= chunks.count, let last = chunks.indices.last { chunks[last] = other.chunks[last] }
    while chunks.count <= chunk { chunks.append(other.chunks[chunks.count]) }
    chunks[chunk] = other.chunks[chunk]
    count = Swift.max(count, (chunks.count - 1) << shift + chunks[chunks.count - 1].count)
  }
}
