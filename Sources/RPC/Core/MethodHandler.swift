public import Protobuf

/// How a message is written: protobuf's bytes, or the JSON of proto3.
public enum MessageCodec: Sendable, Hashable {
  case proto
  case json
}

/// A method with what answers it; the types of its messages are inside.
public struct MethodHandler: Sendable {
  /// Takes one message's bytes and returns one message's bytes, behind gRPC's prefix if `framed`.
  public typealias Unary =
    nonisolated(nonsending) @Sendable (
      _ message: [UInt8], _ codec: MessageCodec, _ framed: Bool, _ context: ServerContext
    ) async throws -> [UInt8]
  /// Takes one message's bytes, as `Unary` does, and answers the call, at once or later.
  public typealias Direct = @Sendable (_ message: [UInt8], _ call: DirectCall) -> Void
  /// Takes the call as it is and ends it by returning or throwing.
  public typealias Streaming = @Sendable (_ call: any ServerCall) async throws -> Void

  public enum Body: Sendable {
    case unary(Unary)
    /// Of a unary method, too.
    case direct(Direct)
    case streaming(Streaming)
  }

  public let descriptor: MethodDescriptor
  public let body: Body

  @usableFromInline init(descriptor: MethodDescriptor, body: Body) {
    self.descriptor = descriptor
    self.body = body
  }

  /// Inlined where generated code calls it, so that no message is passed on as a value of an unknown type.
  @inlinable public static func unary<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor, _: Request.Type, _: Response.Type,
    _ handle:
      nonisolated(nonsending) @escaping @Sendable (Request, ServerContext) async throws ->
      Response
  ) -> MethodHandler {
    MethodHandler(
      descriptor: descriptor,
      body: .unary { message, codec, framed, context in
        let request: Request = try parse(message, codec)
        return bytes(try await handle(request, context), codec, framed: framed)
      })
  }

  /// A unary method whose handler answers at once or later, without a task that waits meanwhile: for what is called so
  /// often that a task's own cost counts. What it throws is its answer. It is not cancelled
  /// when its caller is gone, and `ServerContext.current` is not set: it makes no calls itself.
  @inlinable public static func direct<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor, _: Request.Type, _: Response.Type,
    _ handle: @escaping @Sendable (Request, ServerContext, Answer<Response>) throws -> Void
  ) -> MethodHandler {
    MethodHandler(
      descriptor: descriptor,
      body: .direct { message, call in
        do {
          let request: Request = try parse(message, call.codec)
          try handle(request, call.context, Answer(call))
        } catch {
          call.fail(error)
        }
      })
  }

  public static func serverStreaming<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor, _: Request.Type, _: Response.Type,
    _ handle:
      @escaping @Sendable (Request, ResponseWriter<Response>, ServerContext) async throws -> Void
  ) -> MethodHandler {
    MethodHandler(
      descriptor: descriptor,
      body: .streaming { call in
        let request: Request = try await only(call)
        try await handle(request, ResponseWriter(call: call), call.context)
      })
  }

  public static func clientStreaming<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor, _: Request.Type, _: Response.Type,
    _ handle: @escaping @Sendable (RequestStream<Request>, ServerContext) async throws -> Response
  ) -> MethodHandler {
    MethodHandler(
      descriptor: descriptor,
      body: .streaming { call in
        let response = try await handle(RequestStream(call: call), call.context)
        try await call.send(bytes(response, call.codec))
      })
  }

  public static func bidirectional<Request: Message, Response: Message>(
    _ descriptor: MethodDescriptor, _: Request.Type, _: Response.Type,
    _ handle:
      @escaping @Sendable (
        RequestStream<Request>, ResponseWriter<Response>, ServerContext
      ) async throws -> Void
  ) -> MethodHandler {
    MethodHandler(
      descriptor: descriptor,
      body: .streaming { call in
        try await handle(RequestStream(call: call), ResponseWriter(call: call), call.context)
      })
  }

  /// The one message of a call whose caller sends one.
  private static func only<Request: Message>(_ call: any ServerCall) async throws -> Request {
    guard let message = try await call.nextMessage() else {
      throw RPCError(.unimplemented, "MESSAGE_MISSING", "The call ended before its message came.")
    }
    guard try await call.nextMessage() == nil else {
      throw RPCError(.unimplemented, "MESSAGE_SURPLUS", "The method takes one message.")
    }
    return try parse(message, call.codec)
  }

  @inlinable static func bytes(
    _ message: some Message, _ codec: MessageCodec, framed: Bool = false
  ) -> [UInt8] {
    let prefix = framed ? MessagePrefix.bytes : 0
    var bytes =
      switch codec {
      case .proto: message.serialized(prefix: prefix)
      case .json: [UInt8](repeating: 0, count: prefix) + message.json()
      }
    if framed { MessagePrefix.fill(&bytes) }
    return bytes
  }

  /// Reads a request; what cannot be read is the caller's mistake.
  @inlinable static func parse<Request: Message>(
    _ bytes: [UInt8], _ codec: MessageCodec
  ) throws(RPCError) -> Request {
    switch codec {
    case .proto: try parse(bytes)
    case .json: try parseJSON(bytes)
    }
  }

  @inlinable static func parse<Request: Message>(_ bytes: [UInt8]) throws(RPCError) -> Request {
    do {
      return try Request(serialized: bytes)
    } catch {
      throw malformed(error)
    }
  }

  @usableFromInline static func malformed(_ error: CodecError) -> RPCError {
    RPCError(.invalidArgument, "MESSAGE_MALFORMED", "The message cannot be read: \(error)")
  }

  @usableFromInline static func parseJSON<Request: Message>(_ bytes: [UInt8]) throws(RPCError)
    -> Request
  {
    do {
      return try Request(json: bytes)
    } catch {
      throw RPCError(.invalidArgument, "JSON_MALFORMED", "The JSON cannot be read: \(error)")
    }
  }
}

/// A service as a server offers it.
public struct ServiceDefinition: Sendable {
  /// With its package: `onepool.pool.v1.PoolService`.
  public let name: String
  /// The file that defines it, for reflection.
  public let file: FileDescriptor
  public let methods: [MethodHandler]

  public init(name: String, file: FileDescriptor, methods: [MethodHandler]) {
    self.name = name
    self.file = file
    self.methods = methods
  }
}

/// What a server can be given: generated handler protocols refine it.
public protocol RPCService: Sendable {
  var definition: ServiceDefinition { get }
  /// Direct handlers (`MethodHandler.direct`), each in the place of the definition's; none if the service says nothing.
  var directMethods: [MethodHandler] { get }
}

extension RPCService {
  public var directMethods: [MethodHandler] { [] }
}
