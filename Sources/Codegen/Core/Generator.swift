internal import CDescriptors
internal import CProtobufC
internal import Protobuf

/// What protoc runs: a `CodeGeneratorRequest` in, a `CodeGeneratorResponse` out.
public enum Generator {
  /// What the request asks for cannot be read at all; anything else is said in the response.
  public struct UnreadableRequest: Error, CustomStringConvertible {
    public var description: String { "the input is not a CodeGeneratorRequest" }
  }

  public static func respond(to request: [UInt8]) throws -> [UInt8] {
    guard
      let pointer = google__protobuf__compiler__code_generator_request__unpack(
        nil, request.count, request)
    else { throw UnreadableRequest() }
    defer { google__protobuf__compiler__code_generator_request__free_unpacked(pointer, nil) }
    do throws(GeneratorError) {
      return response(files: try generate(pointer.pointee), error: nil)
    } catch {
      return response(files: [], error: error.description)
    }
  }

  private static func generate(
    _ request: Google__Protobuf__Compiler__CodeGeneratorRequest
  ) throws(GeneratorError) -> [(path: String, text: String)] {
    let placements = try Placement.parse(parameter: Read.string(request.parameter))
    var types = TypeTable()
    var files: [String: ProtoFile] = [:]
    for (_, pointer) in DescriptorReader.pointers(request.proto_file, request.n_proto_file) {
      let file = try DescriptorReader.read(pointer)
      types.add(file, try placement(of: file, in: placements))
      files[file.name] = file
    }
    for file in files.values.sorted(by: { $0.name < $1.name }) {
      try Shape.check(file, types)
    }
    var output: [(path: String, text: String)] = []
    for name in Read.strings(request.file_to_generate, request.n_file_to_generate) {
      guard let file = files[name] else { throw GeneratorError(name, "is not described") }
      let code = FileCode(
        file: file, placement: try placement(of: file, in: placements), types: types)
      output.append((code.path, code.text()))
    }
    return output
  }

  private static func placement(
    of file: ProtoFile, in placements: [String: Placement]
  ) throws(GeneratorError) -> Placement {
    guard let placement = placements[file.folder] else {
      throw GeneratorError(file.name, "has no place: give the option place=\(file.folder):…")
    }
    return placement
  }

  private static func response(
    files: [(path: String, text: String)], error: String?
  ) -> [UInt8] {
    let arena = Arena()
    var response = Google__Protobuf__Compiler__CodeGeneratorResponse()
    google__protobuf__compiler__code_generator_response__init(&response)
    // protoc would refuse `optional` by itself, without saying what to write in its place.
    response.has_supported_features = 1
    response.supported_features = UInt64(
      GOOGLE__PROTOBUF__COMPILER__CODE_GENERATOR_RESPONSE__FEATURE__FEATURE_PROTO3_OPTIONAL.rawValue
    )
    if let error { response.error = arena.string(error) }
    typealias File = Google__Protobuf__Compiler__CodeGeneratorResponse__File
    var pointers: [UnsafeMutablePointer<File>?] = files.map { path, text in
      let file = arena.allocate(MemoryLayout<File>.size).bindMemory(to: File.self, capacity: 1)
      google__protobuf__compiler__code_generator_response__file__init(file)
      file.pointee.name = arena.string(path)
      file.pointee.content = arena.string(text)
      return file
    }
    return pointers.withUnsafeMutableBufferPointer { buffer in
      response.n_file = buffer.count
      response.file = buffer.baseAddress
      let size = google__protobuf__compiler__code_generator_response__get_packed_size(&response)
      return [UInt8](unsafeUninitializedCapacity: size) { bytes, count in
        count = google__protobuf__compiler__code_generator_response__pack(
          &response, bytes.baseAddress)
      }
    }
  }
}
