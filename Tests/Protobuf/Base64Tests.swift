import Testing

@testable import Protobuf

/// Goal: RFC 4648 section 10's vectors, and nothing that only looks like base64.
@Suite struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func vectors(plain: String, text: String) {
    #expect(Base64.encode(Array(plain.utf8)) == Array(text.utf8))
    #expect(Base64.decode(text.utf8) == Array(plain.utf8))
    #expect(Base64.decode(text.filter { $0 != "=" }.utf8) == Array(plain.utf8))
  }

  @Test(arguments: [
    "Z", "Zg=", "Zg===", "Z=g=", "Zm9v=", "Zm9v====", "Zm 9v", "Zm9v\n", "Zm9vé", "=",
  ])
  func refuses(text: String) {
    #expect(Base64.decode(text.utf8) == nil)
  }
}

/// Goal: an arena is one allocation until it is full, and can be used inside itself.
@Suite struct ArenaTests {
  @Test func memoryIsAlignedAndApart() {
    let arena = Arena()
    var ends: [UnsafeMutableRawPointer] = []
    for size in [1, 0, 7, 16, 17, 100_000, 1, 3_000_000, 5] {
      let start = arena.allocate(size)
      #expect(Int(bitPattern: start) % 16 == 0)
      start.initializeMemory(as: UInt8.self, repeating: 0xAB, count: size)
      ends.append(start)
    }
    #expect(Set(ends.map { Int(bitPattern: $0) }).count >= ends.count - 1)
    arena.reset()
    #expect(arena.allocate(1) == ends[0])
  }

  @Test func lendingMayBeNested() {
    Arena.lend { outer in
      let text = outer.string("outer")
      Arena.lend { inner in
        #expect(inner !== outer)
        _ = inner.string("inner")
      }
      #expect(String(cString: text) == "outer")
    }
  }
}
