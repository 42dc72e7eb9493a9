/// How things are called in Swift and in JSON.
enum Names {
  /// Words that Swift code writes in capitals.
  private static let capitals: Set<String> = ["id", "url", "sku", "api", "json", "utc"]

  private static let keywords: Set<String> = [
    "Any", "Protocol", "Self", "Type", "as", "associatedtype", "break", "case", "catch", "class",
    "continue", "default", "defer", "deinit", "do", "else", "enum", "extension", "fallthrough",
    "false", "fileprivate", "for", "func", "guard", "if", "import", "in", "init", "inout",
    "internal", "is", "let", "nil", "operator", "precedencegroup", "private", "protocol", "public",
    "repeat", "rethrows", "return", "self", "static", "struct", "subscript", "super", "switch",
    "throw", "throws", "true", "try", "typealias", "var", "where", "while",
  ]

  /// `hold_id` is `holdID`, `image_urls` is `imageURLs`, `default` is `` `default` ``.
  static func property(_ name: String) -> String {
    quoted(bare(name))
  }

  /// The same without the quotes of a keyword.
  static func bare(_ name: String) -> String {
    let words = name.split(separator: "_").map(String.init)
    guard let first = words.first else { return name }
    return words.dropFirst().reduce(lowerFirst(first)) { $0 + word($1) }
  }

  private static func word(_ word: String) -> String {
    if capitals.contains(word) { return word.uppercased() }
    if word.hasSuffix("s"), capitals.contains(String(word.dropLast())) {
      return word.dropLast().uppercased() + "s"
    }
    return upperFirst(word)
  }

  static func quoted(_ name: String) -> String {
    keywords.contains(name) ? "`\(name)`" : name
  }

  /// `RecordSale` is `recordSale`, `URLPath` is `urlPath`.
  static func lowerFirst(_ name: String) -> String {
    let head = name.prefix { $0.isUppercase }
    guard head.count > 1 else { return head.lowercased() + name.dropFirst(head.count) }
    guard head.count < name.count else { return name.lowercased() }
    return head.dropLast().lowercased() + name.dropFirst(head.count - 1)
  }

  static func upperFirst(_ name: String) -> String {
    name.prefix(1).uppercased() + name.dropFirst()
  }

  /// `message_request` is `MessageRequest`.
  static func type(_ name: String) -> String {
    upperFirst(bare(name))
  }

  /// The name that protobuf's JSON has for a field when the file sets none.
  static func json(_ name: String) -> String {
    var text = ""
    var raise = false
    for character in name {
      if character == "_" {
        raise = true
      } else {
        text += raise ? character.uppercased() : String(character)
        raise = false
      }
    }
    return text
  }

  /// The cases of an enumeration: the values without the enumeration's name in front of them.
  static func cases(of enumeration: ProtoEnum) -> [String] {
    let prefix = CNames.snake(enumeration.name).uppercased() + "_"
    let strip = enumeration.values.allSatisfy {
      guard $0.name.hasPrefix(prefix), let next = $0.name.dropFirst(prefix.count).first else {
        return false
      }
      return !next.isNumber
    }
    return enumeration.values.map {
      property((strip ? String($0.name.dropFirst(prefix.count)) : $0.name).lowercased())
    }
  }

  /// `onepool/pool/v1/stock.proto` is `onepoolPoolV1Stock`.
  static func fileDescriptor(_ file: String) -> String {
    let stem = file.hasSuffix(".proto") ? String(file.dropLast(6)) : file
    let words = stem.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    return words.dropFirst().reduce(words.first ?? "") { $0 + upperFirst($1) }
  }
}
