/// A .proto file or an option that the generator does not take. protoc prints it.
struct GeneratorError: Error, Equatable, CustomStringConvertible {
  var description: String

  init(_ file: String, _ problem: String) {
    description = "\(file): \(problem)"
  }
}
