import CodegenCore
import FixtureAPI
import Foundation
import PoolAPI
import Protobuf
import RPCCore
import Testing

/// Goal: the generator writes what is committed, and says what it does not take. Method: descriptors as protoc makes
/// them, committed for the fixtures and made by Python's grpc_tools for the bad ones, given to it in process.
@Suite struct GeneratorTests {
  private static let places = [
    "google/protobuf:Protobuf:x:CMessages:", "google/rpc:Protobuf:x:CMessages:",
    "fixture:FixtureAPI:Generated:CFixtures:",
  ]

  @Test(arguments: ["everything", "service"])
  func writesWhatIsCommitted(name: String) throws {
    let set = try [UInt8](Data(contentsOf: Python.descriptors))
    let response = try Plugin.run(set, files: ["fixture/\(name).proto"], places: Self.places)
    #expect(response.error == nil)
    let path = "Generated/\(name).pb.swift"
    let committed = Python.fixtures.appending(path: "API").appending(path: path)
    #expect(response.files[path] == (try String(contentsOf: committed, encoding: .utf8)))
  }

  @Test func refusesAFileWithoutAPlace() throws {
    let set = try [UInt8](Data(contentsOf: Python.descriptors))
    let response = try Plugin.run(set, files: ["fixture/everything.proto"], places: [])
    #expect(
      response.error?.hasSuffix("has no place: give the option place=google/protobuf:…") == true)
    let bad = try Plugin.run(set, files: [], places: ["fixture:FixtureAPI"])
    #expect(bad.error?.contains("<proto folder>:<module>") == true)
  }

  @Test func refusesWhatIsNoRequest() {
    #expect(throws: Generator.UnreadableRequest.self) { try Generator.respond(to: [0xFF]) }
  }

  private static let bad = [
    "proto2": (#"syntax = "proto2"; message A { required int32 x = 1; }"#, "is not proto3"),
    "optional": (
      #"syntax = "proto3"; message A { optional int32 x = 1; }"#,
      ".A.x is `optional`, which protoc-c refuses: use a oneof of one member"
    ),
    "circle": (
      #"syntax = "proto3"; message A { B b = 1; } message B { repeated A a = 1; }"#,
      "A holds B holds A: messages in themselves are not taken"
    ),
    "circle_of_map": (
      #"syntax = "proto3"; message A { map<string, A> a = 1; }"#,
      "A holds A.AEntry holds A: messages in themselves are not taken"
    ),
    "json_name": (
      #"syntax = "proto3"; message A { int32 x = 1 [json_name = "y"]; }"#,
      ".A.x sets json_name, which protobuf-c's descriptors do not keep"
    ),
    "base": (
      #"syntax = "proto3"; message A { int32 base = 1; }"#,
      ".A.base has a name that protobuf-c keeps for itself"
    ),
    "lookalike": (
      #"syntax = "proto3"; message A { message BEntry { string key = 1; string value = 2; } repeated BEntry b = 1; }"#,
      ".A.BEntry is a message that looks like a map's entry"
    ),
  ]

  @Test func saysWhatItDoesNotTake() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, (text, _)) in Self.bad {
      try Data(text.utf8).write(to: folder.appending(path: "\(name).proto"))
    }
    _ = try await Python.run("describe.py", [folder.path])
    for (name, (_, problem)) in Self.bad {
      let set = try [UInt8](Data(contentsOf: folder.appending(path: "\(name).binpb")))
      let response = try Plugin.run(set, files: ["\(name).proto"], places: [":A:A:CA:"])
      #expect(response.error == "\(name).proto: \(problem)")
      #expect(response.files.isEmpty)
    }
  }

  @Test func namesAreSwiftAndKeepTheirMeaning() {
    let names = Names(requestID: "r", imageURLs: ["u"], class: 1, urlPath: "p")
    #expect(
      String(decoding: names.json(), as: UTF8.self)
        == #"{"requestId":"r","imageUrls":["u"],"class":"1","URLPath":"p"}"#)
    #expect(PoolServiceMethods.recordSale.path == "/onepool.pool.v1.PoolService/RecordSale")
    #expect(PoolServiceMethods.recordSale.idempotency == .idempotent)
    #expect(PoolServiceMethods.watchAvailability.kind == .serverStreaming)
  }

  @Test func methodsHaveTheirKinds() {
    #expect(
      EchoServiceMethods.all.map(\.kind)
        == [.unary, .serverStreaming, .clientStreaming, .bidirectional])
    #expect(
      EchoServiceMethods.all.map(\.idempotency)
        == [.noSideEffects, .idempotent, .unknown, .unknown])
  }

  @Test func filesKnowTheirImportsAndSymbols() throws {
    let file = FileDescriptor.fixtureService
    #expect(file.name == "fixture/service.proto")
    #expect(file.dependencies.map(\.name) == ["fixture/everything.proto"])
    #expect(file.symbols.contains("fixture.EchoService"))
    #expect(FileDescriptor.fixtureEverything.symbols.contains("fixture.Choices.Inner"))
    // The name is the first field of a FileDescriptorProto.
    let name = Array("fixture/service.proto".utf8)
    #expect(file.serialized.starts(with: [0x0A, UInt8(name.count)] + name))
  }

  @Test func handlersAreBoundToTheirMethods() async throws {
    struct Echo: EchoServiceHandler {
      func sayOnce(
        _ request: SayOnceRequest, context: ServerContext
      ) async throws -> SayOnceResponse { SayOnceResponse(scalars: request.scalars) }
      func sayOften(
        _ request: SayOftenRequest, responses: ResponseWriter<SayOftenResponse>,
        context: ServerContext
      ) async throws {}
      func collect(
        _ requests: RequestStream<CollectRequest>, context: ServerContext
      ) async throws -> CollectResponse { CollectResponse() }
      func converse(
        _ requests: RequestStream<ConverseRequest>, responses: ResponseWriter<ConverseResponse>,
        context: ServerContext
      ) async throws {}
    }
    let definition = Echo().definition
    #expect(definition.name == "fixture.EchoService")
    #expect(definition.file.name == "fixture/service.proto")
    #expect(definition.methods.map(\.descriptor) == EchoServiceMethods.all)
  }
}
