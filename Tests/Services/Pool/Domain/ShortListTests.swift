import Testing

@testable import PoolDomain

@Suite struct ShortListTests {
  /// Goal: it is an array to whoever uses it.
  @Test(arguments: [0, 1, 2, 3, 20]) func isAList(count: Int) {
    let numbers = Array(0..<count)
    var list = ShortList<Int>()
    for number in numbers { list.append(number) }
    #expect(Array(list) == numbers)
    #expect(list == ShortList(numbers))
    #expect(list.count == count && list.isEmpty == numbers.isEmpty)
    #expect(Array(list.reversed()) == numbers.reversed())
    for place in list.indices { list[place] += 1 }
    #expect(Array(list) == numbers.map { $0 + 1 })
    #expect((list == ShortList(numbers)) == numbers.isEmpty)
    list += [7, 8]
    #expect(Array(list) == numbers.map { $0 + 1 } + [7, 8])
  }

  @Test func oneElement() {
    #expect(Array(ShortList(only: [1, 2])) == [[1, 2]])
    #expect(ShortList(only: 3) == [3])
  }
}
