import RPCCore

/// What a codec writes it reads again as it was.
enum TextEntry {
  static func run(_ bytes: UnsafeRawBufferPointer) {
    let raw = [UInt8](bytes)
    let text = String(decoding: raw, as: UTF8.self)
    precondition(
      Base64Codec.decode(Base64Codec.encode(raw)) == raw, "base64 comes back as it went")
    if let decoded = Base64Codec.decode(text) {
      precondition(
        Base64Codec.decode(Base64Codec.encode(decoded)) == decoded, "decoded base64 is stable")
    }
    precondition(
      PercentCodec.decode(PercentCodec.encodeMessage(text)) == text, "a message comes back")
    precondition(
      PercentCodec.decode(PercentCodec.encodeComponent(text)) == text, "a component comes back")
    _ = PercentCodec.decode(text)
    _ = PercentCodec.decodeForm(text)
    if let span = TimeoutCodec.decode(text) {
      precondition(span >= .zero, "a timeout is not negative")
      let again = TimeoutCodec.decode(TimeoutCodec.encode(span))
      precondition(
        again.map { $0 <= span } == true, "a timeout does not grow by being passed on")
    }
    var metadata = Metadata()
    metadata.add("\(text.prefix(20))-bin", bytes: raw)
    metadata.add("key-bin", text)
    _ = metadata.bytes("key-bin")
    precondition(metadata.entries.count == 2, "entries are kept in order")
  }
}
