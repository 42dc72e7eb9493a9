import Testing

@testable import GatewayService

@Suite struct GroupQueueTests {
  private static func queue(_ members: String) -> GroupQueue<String> {
    var queue = GroupQueue<String>()
    for member in members.split(separator: " ") {
      queue.append(String(member), to: String(member.prefix(1)))
    }
    return queue
  }

  /// Goal: a group's members are together wherever they stood, its turn comes by who came first, and no group keeps others from
  /// theirs.
  @Test(
    arguments: [
      ("", 2, []), ("a1", 2, ["a1"]), ("a1 b1 a2", 2, ["a1 a2", "b1"]),
      ("b1 a1 a2 b2 a3 b3", 2, ["b2 b3", "a2 a3", "b1", "a1"]),
      ("a1 a2 a3", 1, ["a3", "a2", "a1"]),
      ("a1 a1 b1", 9, ["a1 a1", "b1"]),
    ] as [(String, Int, [String])])
  func groupIsTakenTogether(_ members: String, _ limit: Int, _ calls: [String]) {
    var queue = Self.queue(members)
    var taken: [String] = []
    while !queue.isEmpty {
      taken.append(queue.take(limit) { _ in true }.sorted().joined(separator: " "))
    }
    #expect(taken == calls)
    #expect(queue.take(limit) { _ in true }.isEmpty)
  }

  /// Goal: who does not wait any more takes nobody's place, and leaves nothing behind.
  @Test func whoIsGoneFallsOut() {
    var queue = Self.queue("a1 a2 a3 b1 c1")
    #expect(queue.take(1) { $0 == "a1" } == ["a1"])
    #expect(queue.take(5) { $0 == "c1" } == ["c1"])
    #expect(queue.isEmpty)
    queue.append("a4", to: "a")
    #expect(queue.take(5) { _ in true } == ["a4"])
  }
}
