/// Why some bytes or some JSON are not a message: where, and what is wrong there.
public struct CodecError: Error, Equatable, Sendable, CustomStringConvertible {
  /// From the outermost message to the field, as a caller would write it: `lines[2].sku`.
  /// Empty when the whole input is meant.
  public var path: String
  /// A predicate that follows the path: "holds a NUL".
  public var problem: String

  public init(path: String = "", _ problem: String) {
    self.path = path
    self.problem = problem
  }

  public var description: String {
    path.isEmpty ? "The message \(problem)." : "The field \(path) \(problem)."
  }

  /// The same error seen from the message that holds `field`.
  public func inside(_ field: String) -> CodecError {
    guard !path.isEmpty else { return CodecError(path: field, problem) }
    return CodecError(path: path.hasPrefix("[") ? field + path : "\(field).\(path)", problem)
  }

  /// The same error seen from the list whose element at `index` it is about.
  public func inside(index: Int) -> CodecError {
    inside("[\(index)]")
  }
}
