/// How many events may be on their way at once; the rest waits in line.
actor DeliverySlots {
  private var free: Int
  private var line: [CheckedContinuation<Void, Never>] = []
  private var head = 0

  init(_ count: Int) {
    free = count
  }

  func take() async {
    if free > 0 {
      free -= 1
      return
    }
    await withCheckedContinuation { line.append($0) }
  }

  func giveBack() {
    guard head < line.count else {
      free += 1
      return
    }
    line[head].resume()
    head += 1
    if head == line.count || head > 1_024 {
      line.removeFirst(head)
      head = 0
    }
  }
}
