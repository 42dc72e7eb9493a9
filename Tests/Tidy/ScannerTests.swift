import Testing

/// Every rule fails on what it forbids: a tidy test that cannot fail is worth nothing.
@Suite struct ScannerTests {
  private func file(_ path: String, _ text: String) -> SourceFile { SourceFile(path, text) }

  @Test(arguments: [
    ("let a = 1 // try! b", "let a = 1          "),
    ("let a = \"try! b\"", "let a = \"      \""),
    ("let a = \"x\\(try! b)y\"", "let a = \"  (try! b) \""),
    ("let a = \"x\\(f(\")\"))y\" + b", "let a = \"  (f(\" \")) \" + b"),
    ("let a = #\"\\(b)\"# + c", "let a = #\"    \"# + c"),
    ("let a = #\"\\#(b)\"# + c", "let a = #\"  (b)\"# + c"),
    ("a /* b /* c */ d */ e", "a                   e"),
    ("let a = \"\\\"\" + b", "let a = \"  \" + b"),
    ("#if os(Linux)", "#if os(Linux)"),
  ])
  func commentsAndStringsAreBlanked(source: String, code: String) {
    let file = file("Sources/Kit/A.swift", source)
    #expect(file.code == [code])
    #expect(!file.isBroken)
  }

  @Test func aStringOfManyLinesIsBlanked() {
    let source = "let a = \"\"\"\n  try! \"b\"\n  \\(c)\n  \"\"\"\nlet d = 1"
    let file = file("Sources/Kit/A.swift", source)
    #expect(file.code == ["let a = \"\"\"", "          ", "   (c)", "  \"\"\"", "let d = 1"])
    #expect(!file.isBroken)
  }

  @Test func whatIsNeverClosedIsSeen() {
    #expect(file("Sources/Kit/A.swift", "let a = \"b").isBroken)
    #expect(file("Sources/Kit/A.swift", "/* a").isBroken)
  }

  @Test(arguments: [
    ("Sources/Services/Pool/Domain/A.swift", "internal import Glibc"),
    ("Sources/Services/Pool/Domain/A.swift", "internal import Foundation"),
    ("Sources/Services/Pool/Domain/A.swift", "internal import Synchronization"),
    ("Sources/Services/Fulfilment/Service/A.swift", "internal import PoolDomain"),
    ("Sources/Services/Fulfilment/Service/A.swift", "internal import PoolService"),
    ("Sources/Services/Fulfilment/Service/A.swift", "internal import ReturnsAPI"),
    ("Sources/Services/Pool/Service/A.swift", "internal import MappingAPI"),
    ("Sources/Services/Pool/Service/A.swift", "internal import CSQLite"),
    ("Sources/Services/Pool/API/A.swift", "internal import CMessages"),
    ("Sources/RPC/Core/A.swift", "internal import CNghttp2"),
    ("Sources/RPC/HTTP2/A.swift", "internal import CMicroHTTPD"),
    ("Sources/RPC/HTTP1/A.swift", "@preconcurrency internal import CNghttp2"),
    ("Sources/Kit/Log/A.swift", "internal import COpenSSL"),
    ("Sources/Kit/A.swift", "internal import CProtobufC"),
    ("Sources/Sandbox/Server/A.swift", "internal import ChannelAdapter"),
    ("Sources/Sandbox/Server/A.swift", "internal import ShopeeChannel"),
    ("Sources/Services/Gateway/Channels/Shopee/A.swift", "internal import LazadaChannel"),
    ("Sources/Services/Gateway/Service/A.swift", "internal import ShopeeChannel"),
    ("Sources/Services/Gateway/Service/A.swift", "internal import struct PoolDomain.Hold"),
    ("Sources/Kit/A.swift", "import Foundation"),
    ("Sources/Kit/A.swift", "package import Foundation"),
    ("Sources/Storage/SQLite/A.swift", "public import CSQLite"),
    ("Sources/Nowhere/A.swift", "let a = 1"),
    ("Tests/Services/Fulfilment/A.swift", "@testable import PoolService"),
    ("Tests/Services/Fulfilment/A.swift", "import PoolDomain"),
  ])
  func anImportThatPointsUpIsFound(path: String, line: String) {
    let violations = LayerRules.check(file(path, "// A comment.\n\(line)\n"))
    #expect(!violations.isEmpty)
    #expect(violations.allSatisfy { $0.path == path && ($0.line == 2 || path.contains("Nowhere")) })
  }

  @Test(arguments: [
    ("Sources/Services/Pool/Domain/A.swift", "public import Primitives"),
    ("Sources/Services/Fulfilment/Service/A.swift", "internal import PoolAPI"),
    ("Sources/Services/Pool/API/Generated/a.pb.swift", "internal import CMessages"),
    ("Sources/RPC/HTTP2/A.swift", "internal import CNghttp2"),
    ("Sources/Kit/Cryptography/A.swift", "internal import COpenSSL"),
    ("Sources/Kit/A.swift", "// import Nothing"),
    ("Sources/Kit/A.swift", "let text = \"import Nothing\""),
    ("Tests/Services/Fulfilment/A.swift", "@testable import FulfilmentService"),
    ("Tests/Services/Fulfilment/A.swift", "import PoolAPI"),
  ])
  func anImportThatPointsDownIsNot(path: String, line: String) {
    #expect(LayerRules.check(file(path, line)).isEmpty)
  }

  @Test(arguments: [
    ("Sources/Kit/A.swift", "let a = try! b()"),
    ("Sources/Kit/A.swift", "let a = b as! C"),
    ("Sources/Kit/A.swift", "fatalError()"),
    ("Sources/Kit/A.swift", "print(a)"),
    ("Sources/Kit/A.swift", "  Swift.debugPrint(1); print(\"\\(a)\")"),
    ("Sources/Kit/A.swift", "do { try a() } catch {}"),
    ("Sources/Kit/A.swift", "do { try a() } catch {\n  // Never mind.\n}"),
    ("Sources/Kit/A.swift", "do { try a() } catch is B {}"),
    ("Tests/Kit/A.swift", "do { try a() } catch {}"),
    ("Sources/Kit/A.swift", "Task.detached { }"),
    ("Sources/Kit/A.swift", "Thread.sleep(forTimeInterval: 1)"),
    ("Tests/Kit/A.swift", "try await Task.sleep(for: .seconds(1))"),
    ("Tests/Kit/A.swift", "sleep(1)"),
    ("Tests/Kit/A.swift", "let a = try! b()"),
    ("Sources/Kit/A.swift", "\nfinal class A: @unchecked Sendable {}"),
    ("Sources/Kit/A.swift", "let b = 1\nnonisolated(unsafe) var a = 1"),
    (
      "Sources/Kit/A.swift",
      "// Too far away.\nlet b = 1\n@Attribute\nextension A: @unchecked Sendable {}"
    ),
  ])
  func aForbiddenCallIsFound(path: String, source: String) {
    #expect(CallRules.check(file(path, source)).count == 1)
  }

  @Test(arguments: [
    ("Sources/CommandLine/A.swift", "print(a)"),
    ("Sources/Kit/A.swift", "printer.print(a)"),
    ("Sources/Kit/A.swift", "let fingerprint = sprint(a)"),
    ("Sources/Kit/A.swift", "// try! as! fatalError"),
    ("Sources/Kit/A.swift", "let a = \"fatalError print(\""),
    ("Sources/Kit/A.swift", "try await Task.sleep(for: pause)"),
    ("Sources/Kit/A.swift", "do { try a() } catch { log(error) }"),
    ("Sources/Kit/A.swift", "do { try a() } catch {\n  log(error)\n}"),
    (
      "Sources/Kit/A.swift",
      "do { try a() } catch let e as B where e.c {\n  // It was so before.\n}"
    ),
    ("Tests/Kit/A.swift", "do { try a() } catch is B {}"),
    ("Sources/Kit/A.swift", "/// Used on one thread.\nfinal class A: @unchecked Sendable {}"),
    ("Sources/Kit/A.swift", "nonisolated(unsafe) var a = 1  // Set once, before threads start."),
    ("Sources/Kit/A.swift", "/// Immutable.\n@Attribute\nfinal class A: @unchecked Sendable {}"),
    ("Tests/Kit/A.swift", "print(\"seed\")"),
    ("Tests/Kit/A.swift", "try await Task.sleep(for: .seconds(3600))"),
    ("Tests/Kit/A.swift", "// Between two looks.\ntry await Task.sleep(for: pause)"),
    ("Sources/Kit/Generated/A.swift", "let a = b as! C"),
  ])
  func anAllowedCallIsNot(path: String, source: String) {
    #expect(CallRules.check(file(path, source)).isEmpty)
  }

  @Test func unfinishedWorkIsFound() {
    let words = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    for word in words {
      #expect(CallRules.unfinished(file("Protos/a.proto", "// \(word): later")).count == 1)
    }
    #expect(CallRules.unfinished(file(".ci/run", "mktemp a.X" + "XXXXX")).isEmpty)
  }

  @Test func aLongFunctionIsFound() {
    func source(_ count: Int, _ head: String) -> SourceFile {
      let body = Array(repeating: "    a()", count: count).joined(separator: "\n")
      return file("Sources/Kit/A.swift", "struct A {\n  \(head) {\n\(body)\n  }\n}\n")
    }
    for head in [
      "func a()", "init()", "init?(_ a: [Int] = [], b: () -> Void = { c() })", "deinit",
      "var a: Int",
      "func a<B>(\n    _ b: B\n  ) async throws -> [B] where B: C", "subscript(a: Int) -> Int",
    ] {
      let extra = head.count { $0 == "\n" }
      #expect(SizeRules.check(source(68 - extra, head)).isEmpty, "\(head)")
      let found = SizeRules.check(source(69 - extra, head))
      #expect(found.map(\.line) == [2], "\(head)")
    }
  }

  @Test func aTypeOrARequirementIsNoFunction() {
    let body = Array(repeating: "  var a = [1].map { $0 }", count: 80).joined(separator: "\n")
    let code = "protocol P {\n  func a()\n}\nstruct A {\n  let b = B.init()\n\(body)\n}"
    #expect(SizeRules.check(file("Sources/Kit/A.swift", code)).isEmpty)
  }

  @Test func aLongFileAndAnEmptyOneAreFound() {
    let lines = Array(repeating: "let a = 1", count: 601).joined(separator: "\n")
    #expect(SizeRules.check(file("Sources/Kit/A.swift", lines)).count == 1)
    #expect(SizeRules.check(file("Sources/Kit/Generated/A.swift", lines)).isEmpty)
    #expect(SizeRules.check(file("Sources/Kit/A.swift", "// Nothing.\n")).count == 1)
    #expect(SizeRules.check(file("Sources/Kit/A.swift", "let a = \"b")).count == 1)
  }

  @Test func aLongMainIsFound() {
    let lines = Array(repeating: "let a = 1", count: 21).joined(separator: "\n")
    let one = file("Sources/Services/Pool/Main/main.swift", lines)
    let two = file("Sources/Services/Pool/Main/More.swift", lines)
    #expect(SizeRules.checkMains([one]).isEmpty)
    #expect(SizeRules.checkMains([one, two]).count == 1)
  }

  @Test func whatLiesInTheWrongPlaceIsFound() {
    #expect(HouseRules.checkEntries(["Sources", "Scripts", ".build", "notes.txt"]).count == 2)
    #expect(HouseRules.checkPages(file("Sources/Kit/README.md", "a")).count == 1)
    #expect(HouseRules.checkPages(file("Sources/Services/Pool/Domain/DESIGN.md", "a")).count == 1)
    #expect(HouseRules.checkPages(file("Sources/Services/Pool/DESIGN.md", "a")).isEmpty)
    #expect(HouseRules.checkPages(file("Sources/RPC/DESIGN.md", "a")).isEmpty)
    #expect(HouseRules.checkPages(file("Sources/RPC/Core/DESIGN.md", "a")).count == 1)
    #expect(HouseRules.checkPages(file("Sources/Services/Pool/NOTES.md", "a")).count == 1)
    #expect(HouseRules.checkPages(file("Tests/Kit/NOTES.md", "a")).count == 1)
    #expect(HouseRules.checkPages(file("README.md", "a")).isEmpty)
    #expect(HouseRules.checkName(file("Sources/Kit/Utils.swift", "let a = 1")).count == 1)
    let package = ".package(url: \"https://example.com/a\", from: \"1.0.0\")"
    #expect(HouseRules.checkPackage(file("Package.swift", package)).count == 1)
  }
}
