extension Setting where Value == String {
  /// Text that is not empty.
  public static func text(_ name: String, _ about: String, default text: String) -> Setting {
    Setting(name, about, default: text, allowed: "text that is not empty") {
      $0.isEmpty ? nil : $0
    }
  }
}

extension Setting where Value == String? {
  /// The path of a file; nil when unset. Whoever reads the file says what is wrong with it.
  public static func file(_ name: String, _ about: String, format: String = "PEM") -> Setting {
    Setting(name, about, default: "", allowed: "a \(format) file's path") { text in
      text.isEmpty ? .some(nil) : .some(text)
    }
  }
}

extension Setting where Value == Int {
  public static func integer(
    _ name: String, _ about: String, default number: Int, in range: ClosedRange<Int>
  ) -> Setting {
    let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
    return Setting(name, about, default: "\(number)", allowed: allowed) { text in
      Int(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A size, in bytes or with KiB, MiB or GiB behind the number. The name ends in `_BYTES`.
  public static func bytes(
    _ name: String, _ about: String, default text: String, in range: ClosedRange<Int>
  ) -> Setting {
    precondition(name.hasSuffix("_BYTES"), "the unit is the last part of a setting's name")
    let allowed =
      "bytes from \(range.lowerBound) to \(range.upperBound), as a number or like 64KiB or 8MiB"
    return Setting(name, about, default: text, allowed: allowed) { text in
      size(text).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  private static func size(_ text: String) -> Int? {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]
    for (unit, factor) in units where text.hasSuffix(unit) {
      guard let number = Int(text.dropLast(3)) else { return nil }
      let (product, overflow) = number.multipliedReportingOverflow(by: factor)
      return overflow ? nil : product
    }
    return Int(text)
  }
}

extension Setting where Value == Double {
  /// A part of a whole, from 0 to 1.
  public static func share(_ name: String, _ about: String, default share: Double) -> Setting {
    Setting(
      name, about, default: Exposition.text(share), allowed: "a share from 0 to 1, such as 0.01"
    ) { text in
      guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }) else { return nil }
      return Double(text).flatMap { (0...1).contains($0) ? $0 : nil }
    }
  }
}

extension Setting where Value == Duration {
  /// A span as a number of seconds, with a fraction if wanted. The name ends in `_SECONDS`.
  public static func seconds(
    _ name: String, _ about: String, default number: Double, in range: ClosedRange<Double>
  ) -> Setting {
    precondition(name.hasSuffix("_SECONDS"), "the unit is the last part of a setting's name")
    return span(name, about, number, range, "seconds") { .seconds($0) }
  }

  /// A span as a number of milliseconds. The name ends in `_MILLISECONDS`.
  public static func milliseconds(
    _ name: String, _ about: String, default number: Double, in range: ClosedRange<Double>
  ) -> Setting {
    precondition(name.hasSuffix("_MILLISECONDS"), "the unit is the last part of a setting's name")
    return span(name, about, number, range, "milliseconds") { .seconds($0 / 1000) }
  }

  private static func span(
    _ name: String, _ about: String, _ number: Double, _ range: ClosedRange<Double>, _ unit: String,
    _ make: @escaping @Sendable (Double) -> Duration
  ) -> Setting {
    let bounds = [range.lowerBound, range.upperBound].map(Exposition.text)
    let allowed = "\(unit) from \(bounds[0]) to \(bounds[1])"
    return Setting(name, about, default: Exposition.text(number), allowed: allowed) { text in
      // `Double` reads "0x1p3", "inf" and "nan" too, which nobody means here.
      guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }) else { return nil }
      return Double(text).flatMap { range.contains($0) ? make($0) : nil }
    }
  }
}

extension Setting where Value == HostPort {
  public static func address(_ name: String, _ about: String, default text: String) -> Setting {
    Setting(
      name, about, default: text, allowed: "host:port with a port from 0 to 65535"
    ) { HostPort($0) }
  }
}

extension Setting where Value == Bool {
  public static func flag(_ name: String, _ about: String, default value: Bool) -> Setting {
    Setting(name, about, default: value ? "true" : "false", allowed: "true or false") { text in
      switch text {
      case "true": true
      case "false": false
      default: nil
      }
    }
  }
}

extension Setting where Value == [String] {
  /// Items with commas between them; none when it is empty.
  public static func list(
    _ name: String, _ about: String, default items: [String], atMost maximum: Int = 100
  ) -> Setting {
    let text = items.joined(separator: ",")
    let allowed = "up to \(maximum) items with commas between them"
    return Setting(name, about, default: text, allowed: allowed) { text in
      guard !text.isEmpty else { return [] }
      let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        String(part.drop { $0 == " " })
      }
      return parts.count <= maximum && !parts.contains("") ? parts : nil
    }
  }
}

extension Setting where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  /// One of the names of an enum's cases.
  public static func choice(_ name: String, _ about: String, default value: Value) -> Setting {
    let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
    return Setting(name, about, default: value.rawValue, allowed: "one of \(names)") {
      Value(rawValue: $0)
    }
  }
}

extension Setting where Value == Secret? {
  /// A secret, as the variable's value or, better, in a file named by `<name>_FILE`. Nil when unset.
  public static func secret(_ name: String, _ about: String) -> Setting {
    Setting(name, about, default: "", allowed: "a secret", isSecret: true) { text in
      text.isEmpty ? .some(nil) : .some(Secret(text))
    }
  }

  /// A bearer token (RFC 6750, 2.1), as a secret. Nil when unset.
  public static func token(_ name: String, _ about: String) -> Setting {
    let allowed = "up to 4096 visible ASCII characters without a space"
    return Setting(name, about, default: "", allowed: allowed, isSecret: true) { text in
      guard text.utf8.count <= 4096, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
        return nil
      }
      return text.isEmpty ? .some(nil) : .some(Secret(text))
    }
  }
}

extension Setting where Value == [Secret] {
  /// Keys of AES-256, the newest first. None when unset.
  public static func keys(_ name: String, _ about: String) -> Setting {
    let allowed =
      "up to \(KeyFile.maximumKeys) keys of 64 hexadecimal digits with commas between them"
    return Setting(name, about, default: "", allowed: allowed, isSecret: true) { text in
      guard !text.isEmpty else { return [] }
      let parts = text.split(separator: ",", omittingEmptySubsequences: false)
      let keys = parts.compactMap { Hex.decode(String($0)) }.filter {
        $0.count == SecretBox.keyBytes
      }
      guard keys.count == parts.count, keys.count <= KeyFile.maximumKeys else { return nil }
      return keys.map { Secret($0) }
    }
  }
}
