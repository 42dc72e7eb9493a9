import Primitives
import Testing

/// The checker against histories that a person can judge.
@Suite struct CheckerTests {
  /// A call from `begin` to `end`; without an end, nobody heard of it.
  private func call(
    _ question: Call.Question, _ answer: Call.Answer?, _ begin: Int64, _ end: Int64?
  ) -> Call {
    Call(sku: "TEE", client: 0, question: question, begin: begin, end: end, answer: answer)
  }

  private func verdict(_ calls: [Call], onHand: Quantity = 1) -> LinearizabilityChecker.Verdict {
    LinearizabilityChecker.check(calls, from: Shelf(onHand: onHand))
  }

  private func read(_ held: Quantity, _ committed: Quantity, onHand: Quantity = 1) -> Call.Answer {
    .counted(onHand: onHand, held: held, committed: committed)
  }

  @Test func oneAfterAnother() {
    let calls = [
      call(.read, read(0, 0), 0, 1), call(.hold("a", 1), .done, 2, 3),
      call(.hold("b", 1), .refused, 4, 5), call(.read, read(1, 0), 6, 7),
      call(.commit("a"), .done, 8, 9), call(.release("a"), .refused, 10, 11),
      call(.receive(2), .done, 12, 13),
      call(.sell(3, refusesShortage: true), .refused, 14, 15),
      call(.sell(3, refusesShortage: false), .sold(oversold: 1), 16, 17),
      call(.read, read(0, 4, onHand: 3), 18, 19),
    ]
    #expect(verdict(calls) == .linearizable)
    #expect(verdict(calls.reversed()) == .linearizable)
    #expect(verdict([]) == .linearizable)
  }

  @Test func callsAtTheSameTimeMayGoEitherWay() {
    let calls = [
      call(.hold("a", 1), .refused, 0, 9), call(.hold("b", 1), .done, 1, 8),
      call(.read, read(0, 0), 2, 7), call(.read, read(1, 0), 3, 6),
    ]
    #expect(verdict(calls) == .linearizable)
  }

  @Test func lastUnitSoldTwice() {
    let calls = [
      call(.hold("a", 1), .done, 0, 9), call(.hold("b", 1), .done, 1, 8),
    ]
    #expect(verdict(calls) == .violated(latest: 0))
  }

  @Test func readOfThePast() {
    let calls = [
      call(.hold("a", 1), .done, 0, 1), call(.read, read(0, 0), 2, 3),
    ]
    #expect(verdict(calls) == .violated(latest: 1))
  }

  @Test func twoReadersSeeOneOrder() {
    let sale = call(.sell(1, refusesShortage: false), .sold(oversold: 0), 0, 9)
    let new = call(.read, read(0, 1), 1, 2)
    let old = call(.read, read(0, 0), 3, 4)
    #expect(verdict([sale, new, old]) == .violated(latest: 2))
    #expect(verdict([sale, call(.read, read(0, 0), 1, 2), new]) == .linearizable)
  }

  @Test func whatWasAcknowledgedIsLost() {
    let calls = [
      call(.sell(1, refusesShortage: false), .sold(oversold: 0), 0, 1),
      call(.sell(1, refusesShortage: false), .sold(oversold: 0), 2, 3),
    ]
    #expect(verdict(calls) == .violated(latest: 1))
    #expect(verdict(calls, onHand: 2) == .linearizable)
  }

  @Test func unknownCallMayBeDoneAtAnyTimeOrNever() {
    let unknown = call(.sell(1, refusesShortage: false), nil, 0, nil)
    #expect(verdict([unknown, call(.read, read(0, 0), 5, 6)]) == .linearizable)
    #expect(verdict([unknown, call(.read, read(0, 1), 5, 6)]) == .linearizable)
    let late = [
      unknown, call(.read, read(0, 0), 5, 6), call(.read, read(0, 1), 7, 8),
    ]
    #expect(verdict(late) == .linearizable)
    // But not twice, not undone, and not before it began.
    #expect(verdict([unknown, call(.read, read(0, 2), 5, 6)]) == .violated(latest: 1))
    let undone = [
      unknown, call(.read, read(0, 1), 5, 6), call(.read, read(0, 0), 7, 8),
    ]
    #expect(verdict(undone) == .violated(latest: 2))
    let early = call(.sell(1, refusesShortage: false), nil, 7, nil)
    #expect(verdict([early, call(.read, read(0, 1), 5, 6)]) == .violated(latest: 1))
  }

  /// Goal: the search stays short where many calls are open. Method: a history made from a real order, whose calls are
  /// then stretched over each other; and the same with one read that lies.
  @Test(arguments: [1, 2, 3] as [UInt64]) func longHistoriesAreDecided(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var shelf = Shelf(onHand: 500)
    var calls: [Call] = []
    for number in 0..<400 {
      let id = "h-\(Int.random(in: 0...number, using: &random))"
      let units = Quantity.random(in: 1...3, using: &random)
      let questions: [Call.Question] = [
        .receive(units), .sell(units, refusesShortage: Bool.random(using: &random)),
        .hold("h-\(number)", units), .commit(id), .release(id), .read, .read,
      ]
      let question = questions.randomElement(using: &random) ?? .read
      let (answer, after) = answered(question, shelf)
      shelf = after
      let moment = Int64(number) * 10
      let isOpen = Int.random(in: 0..<80, using: &random) == 0
      calls.append(
        Call(
          sku: "TEE", client: 0, question: question,
          begin: moment - Int64.random(in: 0...25, using: &random),
          end: isOpen ? nil : moment + Int64.random(in: 0...25, using: &random),
          answer: isOpen ? nil : answer))
    }
    #expect(verdict(calls, onHand: 500) == .linearizable)
    let place = calls.lastIndex { $0.question == .read && $0.answer != nil } ?? 0
    calls[place].answer = .counted(onHand: 1, held: 2, committed: 3)
    #expect(verdict(calls, onHand: 500) != .linearizable)
  }

  private func answered(_ question: Call.Question, _ shelf: Shelf) -> (Call.Answer, Shelf) {
    let possible: [Call.Answer] =
      [.done, .refused]
      + (0...3).map { .sold(oversold: $0) }
      + [.counted(onHand: shelf.onHand, held: shelf.held, committed: shelf.committed)]
    for answer in possible {
      if let after = shelf.after(call(question, answer, 0, 0)) { return (answer, after) }
    }
    preconditionFailure("every question has an answer")
  }
}
