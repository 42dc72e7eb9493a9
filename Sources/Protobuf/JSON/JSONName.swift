/// The two names that a field has: `hold_id` in the proto, `holdId` in JSON.
enum JSONName {
  /// `hold_id` is `holdId`.
  static func lowerCamel(_ name: some Sequence<UInt8>) -> [UInt8] {
    var text: [UInt8] = []
    var raise = false
    for byte in name {
      if byte == UInt8(ascii: "_") {
        raise = true
      } else {
        text.append(raise && isLower(byte) ? byte - 32 : byte)
        raise = false
      }
    }
    return text
  }

  /// Appends the JSON name of the field that C calls `name`.
  static func append(_ name: UnsafePointer<CChar>, to text: inout [UInt8]) {
    var next = name
    var raise = false
    while next.pointee != 0 {
      let byte = UInt8(bitPattern: next.pointee)
      if byte == UInt8(ascii: "_") {
        raise = true
      } else {
        text.append(raise && isLower(byte) ? byte - 32 : byte)
        raise = false
      }
      next += 1
    }
  }

  /// Whether `key` is the JSON name or the name itself.
  static func names(_ key: UnsafeRawBufferPointer, _ name: UnsafePointer<CChar>) -> Bool {
    isSame(key, name) || isCamel(key, name)
  }

  private static func isSame(_ key: UnsafeRawBufferPointer, _ name: UnsafePointer<CChar>) -> Bool {
    var index = 0
    while index < key.count {
      guard name[index] != 0, UInt8(bitPattern: name[index]) == key[index] else { return false }
      index += 1
    }
    return name[index] == 0
  }

  private static func isCamel(_ key: UnsafeRawBufferPointer, _ name: UnsafePointer<CChar>) -> Bool {
    var source = 0
    var raise = false
    for byte in key {
      while name[source] == CChar(UInt8(ascii: "_")) {
        raise = true
        source += 1
      }
      let letter = UInt8(bitPattern: name[source])
      guard letter != 0, byte == (raise && isLower(letter) ? letter - 32 : letter) else {
        return false
      }
      raise = false
      source += 1
    }
    while name[source] == CChar(UInt8(ascii: "_")) { source += 1 }
    return name[source] == 0
  }

  /// `displayName` is `display_name`; nil for what has no such name.
  static func snake(_ name: some Sequence<UInt8>) -> [UInt8]? {
    var text: [UInt8] = []
    for byte in name {
      if byte == UInt8(ascii: "_") { return nil }
      if UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte {
        text += [UInt8(ascii: "_"), byte + 32]
      } else {
        text.append(byte)
      }
    }
    return text
  }

  private static func isLower(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
  }
}
