internal import Primitives
internal import Protobuf

/// What a server's services are defined by, found by file name and by symbol.
struct ReflectionIndex: Sendable {
  let serviceNames: [String]
  private let files: [String: FileDescriptor]
  private let filesBySymbol: [String: FileDescriptor]

  init(_ services: [ServiceDefinition]) {
    var files: [String: FileDescriptor] = [:]
    var symbols: [String: FileDescriptor] = [:]
    func visit(_ file: FileDescriptor) {
      guard files[file.name] == nil else { return }
      files[file.name] = file
      for symbol in file.symbols { symbols[symbol] = file }
      file.dependencies.forEach(visit)
    }
    for service in services {
      visit(service.file)
      symbols[service.name] = service.file
      for method in service.methods {
        symbols["\(service.name).\(method.descriptor.method)"] = service.file
      }
    }
    self.files = files
    filesBySymbol = symbols
    serviceNames = services.map(\.name).sorted()
  }

  /// A file and all that it imports, each once; nil when there is none.
  func closure(file name: String) -> [[UInt8]]? { files[name].map(closure) }
  func closure(symbol: String) -> [[UInt8]]? { filesBySymbol[symbol].map(closure) }

  private func closure(_ start: FileDescriptor) -> [[UInt8]] {
    var seen: Set<String> = []
    var bytes: [[UInt8]] = []
    func visit(_ file: FileDescriptor) {
      guard seen.insert(file.name).inserted else { return }
      bytes.append(file.serialized)
      file.dependencies.forEach(visit)
    }
    visit(start)
    return bytes
  }
}

/// `grpc.reflection.v1.ServerReflection` over what a server offers, itself included.
public struct ReflectionService: ServerReflectionHandler {
  private let index: ReflectionIndex

  public init(_ services: [any RPCService]) {
    let itself = ServiceDefinition(
      name: "grpc.reflection.v1.ServerReflection", file: .grpcReflectionV1Reflection, methods: [])
    index = ReflectionIndex(services.map(\.definition) + [itself])
  }

  public func serverReflectionInfo(
    _ requests: RequestStream<ServerReflectionRequest>,
    responses: ResponseWriter<ServerReflectionResponse>, context: ServerContext
  ) async throws {
    for try await request in requests {
      try await responses.write(
        ServerReflectionResponse(
          validHost: request.host, originalRequest: request,
          messageResponse: answer(request.messageRequest)))
    }
  }

  private func answer(
    _ question: ServerReflectionRequest.MessageRequest?
  ) -> ServerReflectionResponse.MessageResponse {
    switch question {
    case .fileByFilename(let name): files(index.closure(file: name), name)
    case .fileContainingSymbol(let symbol): files(index.closure(symbol: symbol), symbol)
    case .listServices:
      .listServicesResponse(
        ListServiceResponse(service: index.serviceNames.map { ServiceResponse(name: $0) }))
    case .fileContainingExtension(let wanted):
      error(.notFound, "\(wanted.containingType) has no extensions: proto3 knows none.")
    case .allExtensionNumbersOfType(let type):
      if index.closure(symbol: type) != nil {
        .allExtensionNumbersResponse(ExtensionNumberResponse(baseTypeName: type))
      } else {
        error(.notFound, "There is no type \(type).")
      }
    case nil: error(.invalidArgument, "The request asks for nothing.")
    }
  }

  private func files(
    _ found: [[UInt8]]?, _ name: String
  ) -> ServerReflectionResponse.MessageResponse {
    guard let found else { return error(.notFound, "There is no \(name).") }
    return .fileDescriptorResponse(FileDescriptorResponse(fileDescriptorProto: found))
  }

  private func error(
    _ code: RPCCode, _ message: String
  ) -> ServerReflectionResponse.MessageResponse {
    .errorResponse(ErrorResponse(errorCode: code.rawValue, errorMessage: message))
  }
}

/// The same under its older name, which most clients still ask for first. Its messages are the same on the wire,
/// so each is read and answered as the newer one.
public struct ReflectionServiceV1Alpha: V1AlphaServerReflectionHandler {
  private let current: ReflectionService

  public init(_ current: ReflectionService) {
    self.current = current
  }

  public func serverReflectionInfo(
    _ requests: RequestStream<V1AlphaServerReflectionRequest>,
    responses: ResponseWriter<V1AlphaServerReflectionResponse>, context: ServerContext
  ) async throws {
    try await current.serverReflectionInfo(
      RequestStream(call: requests.call), responses: ResponseWriter(call: responses.call),
      context: context)
  }
}
