internal import Foundation

extension JSONValue {
  /// Reads JSON text; nil when it is none. The members of objects come in the order of their names.
  init?(parsing bytes: [UInt8]) {
    let value = try? JSONSerialization.jsonObject(
      with: Data(bytes), options: [.fragmentsAllowed])
    guard let value else { return nil }
    self.init(foundation: value)
  }

  init?(parsing text: String) {
    self.init(parsing: Array(text.utf8))
  }

  private init?(foundation value: Any) {
    switch value {
    case let text as String: self = .string(text)
    case let number as NSNumber: self.init(number)
    case let items as [Any]: self = .array(items.compactMap { JSONValue(foundation: $0) })
    case let members as [String: Any]:
      self = .object(
        members.sorted { $0.key < $1.key }.compactMap { name, value in
          JSONValue(foundation: value).map { Member(name: name, value: $0) }
        })
    default: self = .null
    }
  }

  /// Foundation gives true, 1 and 1.0 as numbers that differ in their C type only: `c`, `q`, `d`.
  private init(_ number: NSNumber) {
    switch UInt8(bitPattern: number.objCType.pointee) {
    case UInt8(ascii: "c"), UInt8(ascii: "B"): self = .bool(number.boolValue)
    case UInt8(ascii: "d"), UInt8(ascii: "f"):
      let value = number.doubleValue
      let isWhole = value == value.rounded() && abs(value) < 9e15
      self = isWhole ? .integer(Int64(value)) : .number(value)
    default: self = .integer(number.int64Value)
    }
  }

  var bytes: [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(256)
    write(to: &output)
    return output
  }

  /// JSON text without white space.
  var json: String { String(decoding: bytes, as: UTF8.self) }

  private func write(to output: inout [UInt8]) {
    switch self {
    case .null: output.append(contentsOf: "null".utf8)
    case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): output.append(contentsOf: String(value).utf8)
    case .number(let value):
      output.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
    case .string(let text): Self.write(text, to: &output)
    case .array(let items):
      output.append(UInt8(ascii: "["))
      for (index, item) in items.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        item.write(to: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        Self.write(member.name, to: &output)
        output.append(UInt8(ascii: ":"))
        member.value.write(to: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        output.append(UInt8(ascii: "\\"))
        output.append(byte)
      case 0..<0x20:
        let digits = String(byte, radix: 16)
        output.append(contentsOf: ("\\u00" + (digits.count < 2 ? "0" : "") + digits).utf8)
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
