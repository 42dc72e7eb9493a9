/// A place where the house's rules are broken.
struct Violation: Hashable, CustomStringConvertible {
  var path: String
  var line: Int
  var rule: String

  var description: String { "\(path):\(line): \(rule)" }
}
