/// The pieces of Prometheus's text format.
enum Exposition {
  static func escapedHelp(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
  }

  static func escapedLabel(_ text: String) -> String {
    escapedHelp(text).replacing("\"", with: "\\\"")
  }

  /// `name{label="value"} number`
  static func line(
    _ name: String, _ labels: [String], _ values: [String], _ number: Double,
    extra: (String, String)? = nil
  ) -> String {
    var pairs = zip(labels, values).map { "\($0)=\"\(escapedLabel($1))\"" }
    if let extra { pairs.append("\(extra.0)=\"\(extra.1)\"") }
    let inner = pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
    return "\(name)\(inner) \(text(number))\n"
  }

  static func text(_ number: Double) -> String {
    if number.isNaN { return "NaN" }
    if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
    if let whole = Int64(exactly: number) { return String(whole) }
    return "\(number)"
  }
}
