/// The Swift of one service: its methods, what a server implements, what a client calls.
struct ServiceCode {
  let service: ProtoService
  let file: ProtoFile
  let types: TypeTable
  /// The service's name in Swift.
  let name: String

  func emit(into text: inout SwiftText) {
    emitMethods(into: &text)
    text.line()
    emitHandler(into: &text)
    text.line()
    emitDefinition(into: &text)
    text.line()
    emitClient(into: &text)
  }

  private func property(_ method: ProtoService.Method) -> String {
    Names.quoted(Names.lowerFirst(method.name))
  }

  private func request(_ method: ProtoService.Method) -> String { types[method.request].swift }
  private func response(_ method: ProtoService.Method) -> String { types[method.response].swift }

  private func emitMethods(into text: inout SwiftText) {
    text.line("/// The methods of `\(service.fullName)`.")
    text.block("public enum \(name)Methods") { text in
      for method in service.methods {
        text.line("public static let \(property(method)) = MethodDescriptor(")
        text.line("  service: \"\(service.fullName)\", method: \"\(method.name)\",")
        text.line("  kind: .\(method.kind.rawValue), idempotency: .\(method.idempotency.rawValue))")
      }
      text.line()
      let all = service.methods.map(property).joined(separator: ", ")
      text.line("public static let all: [MethodDescriptor] = [\(all)]")
    }
  }

  private func emitHandler(into text: inout SwiftText) {
    text.comment(service.comment)
    text.block("public protocol \(name)Handler: RPCService") { text in
      for method in service.methods {
        text.comment(method.comment)
        let name = property(method)
        let request = request(method)
        let response = response(method)
        switch method.kind {
        case .unary:
          text.line("func \(name)(_ request: \(request), context: ServerContext)")
          text.line("  async throws -> \(response)")
        case .serverStreaming:
          text.line(
            "func \(name)(_ request: \(request), responses: ResponseWriter<\(response)>, context: ServerContext)"
          )
          text.line("  async throws")
        case .clientStreaming:
          text.line("func \(name)(_ requests: RequestStream<\(request)>, context: ServerContext)")
          text.line("  async throws -> \(response)")
        case .bidirectional:
          text.line(
            "func \(name)(_ requests: RequestStream<\(request)>, responses: ResponseWriter<\(response)>, context: ServerContext)"
          )
          text.line("  async throws")
        }
      }
    }
  }

  private func emitDefinition(into text: inout SwiftText) {
    text.block("extension \(name)Handler") { text in
      text.line("/// The service with its methods bound to this handler.")
      text.block("public var definition: ServiceDefinition") { text in
        text.line("ServiceDefinition(")
        text.line("  name: \"\(service.fullName)\",")
        text.line("  file: .\(Names.fileDescriptor(file.name)),")
        text.line("  methods: [")
        for method in service.methods { emitBinding(method, into: &text) }
        text.line("  ])")
      }
    }
  }

  private func emitBinding(_ method: ProtoService.Method, into text: inout SwiftText) {
    let (arguments, values) =
      switch method.kind {
      case .unary: ("request, context", "request, context: context")
      case .serverStreaming:
        ("request, responses, context", "request, responses: responses, context: context")
      case .clientStreaming: ("requests, context", "requests, context: context")
      case .bidirectional:
        ("requests, responses, context", "requests, responses: responses, context: context")
      }
    let function = property(method)
    text.line("    .\(method.kind.rawValue)(")
    text.line(
      "      \(name)Methods.\(function), \(request(method)).self, \(response(method)).self")
    text.line("    ) { \(arguments) in try await self.\(function)(\(values)) },")
  }

  private func emitClient(into text: inout SwiftText) {
    text.line("/// Calls `\(service.fullName)`.")
    text.block("public struct \(name)Client: Sendable") { text in
      text.line("private let client: RPCClient")
      text.line()
      text.block("public init(_ client: RPCClient)") { $0.line("self.client = client") }
      for method in service.methods {
        text.line()
        text.comment(method.comment)
        emitCall(method, into: &text)
      }
    }
  }

  private func emitCall(_ method: ProtoService.Method, into text: inout SwiftText) {
    let function = property(method)
    let descriptor = "\(name)Methods.\(function)"
    let request = request(method)
    let response = response(method)
    text.line("public func \(function)(")
    switch method.kind {
    case .unary:
      text.line("  _ request: \(request), options: CallOptions = CallOptions()")
      text.block(") async throws(RPCError) -> \(response)") {
        $0.line("try await client.unary(\(descriptor), request, options: options)")
      }
    case .serverStreaming:
      text.line("  _ request: \(request), options: CallOptions = CallOptions()")
      text.block(") -> ResponseStream<\(response)>") {
        $0.line("client.serverStreaming(\(descriptor), request, options: options)")
      }
    case .clientStreaming, .bidirectional:
      text.line("  options: CallOptions = CallOptions()")
      text.block(") async throws(RPCError) -> DuplexCall<\(request), \(response)>") {
        $0.line("try await client.bidirectional(")
        $0.line("  \(descriptor), \(request).self, \(response).self, options: options)")
      }
    }
  }
}
