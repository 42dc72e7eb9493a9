internal import ChannelAdapter
internal import Kit

extension String {
  /// Without the values of `credentials`, plain or as URLs and JSON have them: some channels repeat in their answers what they
  /// were sent. Half of a secret is hidden, too, and any start of one at the text's end, since texts are cut. Short
  /// values stay: they are numbers of shops and partners.
  ///
  /// - Complexity: O(text · credentials).
  func hiding(_ credentials: [String: String]) -> String {
    let secrets = credentials.values.map { Array($0.utf8) }
      .filter { $0.count >= GatewayLimits.shortestSecret }
    guard !secrets.isEmpty, !isEmpty else { return self }
    let text = Self.hidingBase64(of: secrets, in: Array(utf8))
    var shown: [UInt8] = []
    var index = 0
    while index < text.count {
      if let end = secrets.compactMap({ Self.end(of: $0, in: text, from: index) }).max() {
        shown += Array("(secret)".utf8)
        index = end
      } else {
        shown.append(text[index])
        index += 1
      }
    }
    return String(decoding: shown, as: UTF8.self)
  }

  /// Without the Base64 texts that hold a secret: Basic authentication sends a name and a secret in one.
  private static func hidingBase64(of secrets: [[UInt8]], in text: [UInt8]) -> [UInt8] {
    var shown: [UInt8] = []
    for part in text.split(omittingEmptySubsequences: false, whereSeparator: { !isBase64($0) }) {
      if part.startIndex > 0 { shown.append(text[part.startIndex - 1]) }
      shown += holdsSecret(part, secrets) ? Array("(secret)".utf8) : Array(part)
    }
    return shown
  }

  private static func isBase64(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
      true
    default: false
    }
  }

  /// Texts are cut, so what is left over of four digits does not count, and a secret's start is enough.
  private static func holdsSecret(_ base64: ArraySlice<UInt8>, _ secrets: [[UInt8]]) -> Bool {
    let whole = base64.prefix(base64.count / 4 * 4)
    guard let plain = Base64.decode(String(decoding: whole, as: UTF8.self)) else { return false }
    return secrets.contains { secret in
      let start = secret.prefix(GatewayLimits.shortestSecret)
      return plain.indices.contains { plain[$0...].starts(with: start) }
    }
  }

  /// Where a secret that begins at `start` ends; nil when none does.
  private static func end(of secret: [UInt8], in text: [UInt8], from start: Int) -> Int? {
    var index = start
    var count = 0
    while count < secret.count, let next = step(over: secret[count], in: text, at: index) {
      index = next
      count += 1
    }
    let least = index == text.count ? 0 : (secret.count + 1) / 2
    return count >= Swift.max(least, GatewayLimits.shortestSecret) ? index : nil
  }

  /// Past one byte: as it is, `%2F`, `\/` or `\u002f`.
  private static func step(over byte: UInt8, in text: [UInt8], at index: Int) -> Int? {
    guard index < text.count else { return nil }
    if text[index] == byte { return index + 1 }
    let rest = text[index...].prefix(6)
    if rest.first == UInt8(ascii: "%") {
      return hex(rest.dropFirst().prefix(2), is: byte) ? index + 3 : nil
    }
    guard rest.first == UInt8(ascii: "\\") else { return nil }
    if rest.dropFirst().first == byte { return index + 2 }
    guard rest.dropFirst().starts(with: Array("u00".utf8)) else { return nil }
    return hex(rest.dropFirst(4), is: byte) ? index + 6 : nil
  }

  private static func hex(_ digits: ArraySlice<UInt8>, is byte: UInt8) -> Bool {
    Hex.decode(String(decoding: digits, as: UTF8.self)) == [byte]
  }
}

extension ChannelError {
  /// The same without an account's secrets: it goes to logs, alerts and lists.
  func hiding(_ credentials: [String: String]) -> ChannelError {
    switch self {
    case .unavailable(let text): .unavailable(text.hiding(credentials))
    case .rateLimited: self
    case .tokenExpired(let text): .tokenExpired(text.hiding(credentials))
    case .unauthorised(let text): .unauthorised(text.hiding(credentials))
    case .suspended(let text): .suspended(text.hiding(credentials))
    case .notFound(let text): .notFound(text.hiding(credentials))
    case .refused(let text): .refused(text.hiding(credentials))
    case .malformed(let text): .malformed(text.hiding(credentials))
    }
  }
}

extension PushResult {
  func hiding(_ credentials: [String: String]) -> PushResult {
    switch self {
    case .acknowledged, .stale: self
    case .retry(let text, let span): .retry(text.hiding(credentials), after: span)
    case .locked(let text): .locked(text.hiding(credentials))
    case .refused(let text): .refused(text.hiding(credentials))
    }
  }
}
