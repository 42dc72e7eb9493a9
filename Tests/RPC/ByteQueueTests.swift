import Testing

@testable import RPCHTTP2

@Suite struct ByteQueueTests {
  private func take(_ count: Int, from queue: inout ByteQueue) -> [UInt8] {
    var room = [UInt8](repeating: 0, count: count)
    let moved = room.withUnsafeMutableBufferPointer { queue.move(into: $0) }
    return Array(room[..<moved])
  }

  @Test func bytesComeOutInOrder() {
    var queue = ByteQueue()
    queue.append([1, 2, 3])
    queue.append(message: [9])
    #expect(queue.count == 9)
    #expect(take(2, from: &queue) == [1, 2])
    #expect(take(100, from: &queue) == [3, 0, 0, 0, 0, 1, 9])
    #expect(queue.isEmpty && take(1, from: &queue) == [])
  }

  /// Goal: a reader that never quite catches up costs no memory. Method: 100 MB through a queue that is never empty.
  @Test func takenBytesAreLetGoOfThoughTheQueueIsNeverEmpty() {
    var queue = ByteQueue()
    let piece = [UInt8](repeating: 7, count: 10_000)
    queue.append(piece)
    for _ in 0..<10_000 {
      queue.append(piece)
      _ = take(piece.count, from: &queue)
      #expect(queue.count == piece.count)
    }
    #expect(queue.capacity < 1 << 20)
  }

  @Test func keptBytesAreTakenOnceMoreAfterARewind() {
    var queue = ByteQueue(keepsTaken: true)
    queue.append([1, 2, 3])
    #expect(take(3, from: &queue) == [1, 2, 3])
    queue.append([4])
    #expect(take(1, from: &queue) == [4])
    #expect(queue.takenBytes == 4)
    let isWhole = queue.rewind()
    #expect(isWhole)
    #expect(take(9, from: &queue) == [1, 2, 3, 4])
    queue.forgetTaken()
    let isStillWhole = queue.rewind()
    #expect(!isStillWhole)
  }

  @Test func anEmptyQueueGivesMemoryBack() {
    var queue = ByteQueue()
    queue.append([UInt8](repeating: 0, count: 1 << 20))
    _ = take(1 << 20, from: &queue)
    queue.shrink(above: 1000)
    #expect(queue.capacity == 0)
  }
}
