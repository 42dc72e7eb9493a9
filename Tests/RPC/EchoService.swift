import Foundation
import Primitives
import Protobuf
import RPCCore

/// A service of all four kinds over the health messages: what `service` says decides what it does.
struct EchoService: RPCService {
  typealias Request = HealthCheckRequest
  typealias Response = HealthCheckRequest

  static let unary = method("Unary", .unary, .idempotent)
  static let get = method("Get", .unary, .noSideEffects)
  static let expand = method("Expand", .serverStreaming, .noSideEffects)
  static let collect = method("Collect", .clientStreaming, .unknown)
  static let chat = method("Chat", .bidirectional, .unknown)
  /// Answers the first message and returns, whatever else the caller sends.
  static let first = method("First", .bidirectional, .unknown)

  /// Counts what went on, for tests of cancellation and back-pressure.
  let probe: Probe
  /// Whether the unary method is answered without a task.
  let isDirect: Bool

  init(probe: Probe = Probe(), isDirect: Bool = false) {
    self.probe = probe
    self.isDirect = isDirect
  }

  var directMethods: [MethodHandler] {
    guard isDirect else { return [] }
    return [
      .direct(Self.unary, Request.self, Response.self) { try self.direct($0, $1, answer: $2) }
    ]
  }

  var definition: ServiceDefinition {
    ServiceDefinition(
      name: "onepool.test.v1.EchoService", file: .grpcHealthV1Health,
      methods: [
        .unary(Self.unary, Request.self, Response.self) { try await self.unary($0, $1) },
        .unary(Self.get, Request.self, Response.self) { request, _ in request },
        .serverStreaming(Self.expand, Request.self, Response.self) {
          try await self.expand($0, $1, $2)
        },
        .clientStreaming(Self.collect, Request.self, Response.self) { requests, _ in
          var all: [String] = []
          for try await request in requests { all.append(request.service) }
          return Response(service: all.joined(separator: ","))
        },
        .bidirectional(Self.first, Request.self, Response.self) { requests, responses, _ in
          for try await request in requests {
            return try await responses.write(Response(service: "\(request.service.count)"))
          }
        },
        .bidirectional(Self.chat, Request.self, Response.self) { requests, responses, _ in
          for try await request in requests {
            try await responses.write(Response(service: request.service.uppercased()))
          }
        },
      ])
  }

  private static func method(
    _ name: String, _ kind: MethodDescriptor.Kind, _ idempotency: MethodDescriptor.Idempotency
  ) -> MethodDescriptor {
    MethodDescriptor(
      service: "onepool.test.v1.EchoService", method: name, kind: kind, idempotency: idempotency)
  }

  private func unary(_ request: Request, _ context: ServerContext) async throws -> Response {
    switch request.service {
    case "fail":
      throw RPCError(
        .failedPrecondition, "HOLD_ENDED", "Hold h-1 is released – naïve ☃ 😀.", ["hold": "h-1"],
        violations: [.init(field: "lines[3].quantity", problem: "must be positive")],
        retryAfter: .milliseconds(1500))
    case "bug": throw Bug()
    case "hang":
      try await hang()
      return Response()
    case "deaf":
      await probe.released.wait()
      return Response()
    case "spin":
      probe.started.signal()
      while !Task.isCancelled { await Task.yield() }
      probe.cancelled.signal()
      throw CancellationError()
    case "flaky":
      if probe.attempts.increment() < 3 {
        throw RPCError(.unavailable, "", "Not yet.")
      }
      return Response(service: "at last")
    case "pushback 1" where context.metadata["grpc-previous-rpc-attempts"] != nil:
      return Response(service: "previous \(context.metadata["grpc-previous-rpc-attempts"] ?? "")")
    case "pushback 1", "pushback -1":
      probe.attempts.increment()
      let wait = String(request.service.dropFirst("pushback ".count))
      context.addTrailingMetadata(["grpc-retry-pushback-ms": wait])
      throw RPCError(.unavailable, "", "It is down.")
    case "metadata":
      return Response(
        service: "\(context.metadata["x-one"] ?? "-") \(context.metadata.bytes("x-two-bin") ?? [])")
    case "large trailers":
      context.addTrailingMetadata(["x-large": String(repeating: "x", count: 100_000)])
      return request
    case "large headers":
      context.addInitialMetadata(["x-large": String(repeating: "x", count: 100_000)])
      return request
    case "many violations":
      throw RPCError(
        .invalidArgument, "INVALID_REQUEST",
        "lines[0].quantity: \(String(repeating: "☃", count: 3_000)) (and 999 more)",
        ["field": "lines[0].quantity"],
        violations: (0..<1_000).map {
          .init(field: "lines[\($0)].quantity", problem: "It must be positive.")
        })
    case "identity": return Response(service: context.identity.joined(separator: " "))
    case "deadline":
      return Response(service: context.deadline == .never ? "never" : "set")
    default: return request
    }
  }

  private func direct(
    _ request: Request, _ context: ServerContext,
    answer: Answer<Response>
  ) throws {
    switch request.service {
    case "throw":
      throw RPCError(.failedPrecondition, "HOLD_ENDED", "Hold h-1 is released.", ["hold": "h-1"])
    case "fail":
      answer(.failure(RPCError(.failedPrecondition, "HOLD_ENDED", "Hold h-1 is released.")))
    case "bug": answer(.failure(Bug()))
    case "elsewhere", "deaf":
      probe.started.signal()
      Thread.detachNewThread { [probe] in
        probe.released.block()
        answer(.success(Response(service: request.service)))
      }
    case "thread":
      answer(.success(Response(service: HandlerThreads.current == nil ? "another" : "a loop's")))
    case let text where text.hasPrefix("home "):
      let works = (1...40).map { number in
        Numbered {
          probe.written.increment()
          guard number == 40 else { return }
          let place = HandlerThreads.current == nil ? "elsewhere" : "home"
          answer(.success(Response(service: "\(place) after \(probe.written.value)")))
        }
      }
      guard let home = HandlerThreads.current else { throw Bug() }
      Thread.detachNewThread { home.enqueue(works) }
    default:
      answer(.success(request))
    }
  }

  private final class Numbered: HandlerWork {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
      self.body = body
    }

    func run() { body() }
  }

  private func hang() async throws {
    probe.started.signal()
    do {
      try await Task.sleep(for: .seconds(3600))
    } catch {
      probe.cancelled.signal()
      throw error
    }
  }

  private func expand(
    _ request: Request, _ responses: ResponseWriter<Response>, _ context: ServerContext
  ) async throws {
    context.compressesResponses = request.service == "gzip"
    if request.service == "deaf" {
      probe.started.signal()
      await probe.released.wait()
    }
    let count = Int(request.service) ?? 0
    for number in 1...max(1, count) {
      do {
        try await responses.write(Response(service: "\(number)"))
      } catch {
        probe.torn.signal()
        throw error
      }
      probe.written.increment()
    }
    if request.service == "hang after" { try await hang() }
    if request.service == "fail after" {
      throw RPCError(.aborted, "TORN", "It broke in the middle.")
    }
  }

  struct Bug: Error {}
}
