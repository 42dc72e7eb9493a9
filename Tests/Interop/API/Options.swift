/// `--name value` and `--name=value`, as gRPC's own interop programs take them.
public struct Options: Sendable {
  private var values: [String: String] = [:]

  public init(_ arguments: [String]) {
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      let parts = argument.drop { $0 == "-" }.split(separator: "=", maxSplits: 1)
      guard let name = parts.first else { continue }
      if parts.count > 1 {
        values[String(name)] = String(parts[1])
      } else if let value = rest.first, !value.hasPrefix("--") {
        values[String(name)] = value
        rest.removeFirst()
      } else {
        values[String(name)] = "true"
      }
    }
  }

  public subscript(name: String) -> String? { values[name] }
}
