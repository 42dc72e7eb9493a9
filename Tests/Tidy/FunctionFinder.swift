/// Finds functions, initialisers and computed properties in masked code by their braces.
struct FunctionFinder {
  struct Function: Equatable {
    var name: String
    /// Of its first line, from 0.
    var line: Int
    /// From its first line to its closing brace.
    var lineCount: Int
  }

  private struct Open {
    /// The declaration whose body this brace opened; nil for any other brace.
    var function: (name: String, line: Int)?
    /// Parentheses that were open outside of it.
    var parentheses: Int
  }

  private var found: [Function] = []
  private var open: [Open] = []
  private var pending: (name: String, line: Int, isVariable: Bool)?
  private var parentheses = 0

  static func functions(in code: [String]) -> [Function] {
    var finder = FunctionFinder()
    for (index, line) in code.enumerated() { finder.read(line, index) }
    return finder.found
  }

  private mutating func read(_ line: String, _ index: Int) {
    var word = ""
    var before: Character = " "
    for character in line + " " {
      if character.isLetter || character.isNumber || character == "_" {
        word.append(character)
        continue
      }
      if !word.isEmpty { meet(word, before: before, index) }
      word = ""
      before = character
      meet(character, index)
    }
    if pending?.isVariable == true, parentheses == 0 { pending = nil }
  }

  private mutating func meet(_ word: String, before: Character, _ index: Int) {
    guard before != ".", before != "`" else { return }
    switch word {
    case "func", "init", "deinit", "subscript":
      // A closure that is a default value may hold calls, not declarations.
      if parentheses == (open.last?.parentheses ?? 0) { pending = (word, index, false) }
    case "var":
      if parentheses == (open.last?.parentheses ?? 0) { pending = (word, index, true) }
    default:
      if let declaration = pending, declaration.name == "func" || declaration.name == "var" {
        pending = ("\(declaration.name) \(word)", declaration.line, declaration.isVariable)
      }
    }
  }

  private mutating func meet(_ character: Character, _ index: Int) {
    switch character {
    case "(", "[": parentheses += 1
    case ")", "]": parentheses -= 1
    case "=": if pending?.isVariable == true { pending = nil }
    case "{":
      let isBody = parentheses == (open.last?.parentheses ?? 0)
      let function = isBody ? pending.map { (name: $0.name, line: $0.line) } : nil
      open.append(Open(function: function, parentheses: parentheses))
      if isBody { pending = nil }
    case "}":
      guard let closed = open.popLast() else { return }
      parentheses = closed.parentheses
      // The end of a default value's closure is not the end of the declaration that it stands in.
      if parentheses == (open.last?.parentheses ?? 0) { pending = nil }
      if let function = closed.function {
        let count = index - function.line + 1
        found.append(Function(name: function.name, line: function.line, lineCount: count))
      }
    default: break
    }
  }
}
