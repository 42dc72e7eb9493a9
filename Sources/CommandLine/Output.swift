internal import Foundation
internal import Glibc
internal import Primitives

/// What the program says.
enum Output {
  static func line(_ text: String = "") {
    write(text + "\n", to: STDOUT_FILENO)
  }

  /// Writes as it is; false when nobody reads any more.
  static func text(_ text: String) -> Bool {
    write(text, to: STDOUT_FILENO)
  }

  static func failure(_ text: String) {
    write("onepool: \(text)\n", to: STDERR_FILENO)
  }

  /// A reader that has gone away (`| head`) ends the output and nothing else.
  @discardableResult
  private static func write(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Columns as wide as their widest cell; those whose cells are all numbers stand to the right.
  static func table(_ header: [String], _ rows: [[String]]) {
    for line in Table(header: header, rows: rows).lines { Output.line(line) }
  }
}

struct Table {
  var header: [String]
  var rows: [[String]]

  var lines: [String] {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    let isNumeric = header.indices.map { column in
      !rows.isEmpty
        && rows.allSatisfy { row in
          let digits = row[column].drop { "-+".contains($0) }
          return row[column] == "–" || (digits.first?.isNumber ?? false)
        }
    }
    return ([header] + rows).map { row in
      let cells = row.indices.map { column in
        row[column].padded(to: widths[column], right: isNumeric[column])
      }
      return cells.joined(separator: "  ").trimmingTrailingSpaces
    }
  }
}

extension String {
  func padded(to width: Int, right: Bool = false) -> String {
    let space = String(repeating: " ", count: max(0, width - count))
    return right ? space + self : self + space
  }

  var trimmingTrailingSpaces: String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}

/// A case's name as people write it: `partially-received` for `partiallyReceived`.
func words(_ value: some Sendable) -> String {
  "\(value)".reduce(into: "") { text, letter in
    text += letter.isUppercase ? "-\(letter.lowercased())" : String(letter)
  }
}

extension Timestamp {
  /// `2026-01-05T10:03:11.250Z`
  var text: String {
    Date(timeIntervalSince1970: Double(microseconds) / 1e6)
      .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }
}

extension Optional where Wrapped == Timestamp {
  var text: String { map(\.text) ?? "–" }
}

extension Duration {
  /// `12.3 ms`
  var milliseconds: String { String(format: "%.1f ms", inSeconds * 1000) }
}
