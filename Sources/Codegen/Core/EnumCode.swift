/// The Swift of one enumeration.
struct EnumCode {
  let enumeration: ProtoEnum
  let name: String

  func emit(into text: inout SwiftText) {
    let cases = Names.cases(of: enumeration)
    let zero = zip(cases, enumeration.values).first { $0.1.number == 0 }?.0 ?? cases[0]
    text.comment(enumeration.comment)
    text.block("public enum \(Names.quoted(name)): MessageEnum") { text in
      for (name, value) in zip(cases, enumeration.values) {
        text.comment(value.comment)
        text.line("case \(name)")
      }
      text.line("/// A value that this code does not know.")
      text.line("case unrecognized(Int32)")
      text.line()
      text.block("public init()") { $0.line("self = .\(zero)") }
      text.line()
      text.block("public init(rawValue: Int32)") { text in
        text.cases("rawValue") { text in
          for (name, value) in zip(cases, enumeration.values) {
            text.line("case \(value.number): self = .\(name)")
          }
          text.line("default: self = .unrecognized(rawValue)")
        }
      }
      text.line()
      text.block("public var rawValue: Int32") { text in
        text.cases("self") { text in
          for (name, value) in zip(cases, enumeration.values) {
            text.line("case .\(name): \(value.number)")
          }
          text.line("case .unrecognized(let number): number")
        }
      }
      text.line()
      let all = cases.map { ".\($0)" }.joined(separator: ", ")
      text.line("public static let allCases: [\(Names.quoted(name))] = [\(all)]")
    }
  }
}
