import FixtureAPI
import Protobuf
import RPCCore

/// What is taken is written and read again as it was. The first byte chooses the message.
enum MessageEntry {
  private static let types: [any Message.Type] = [
    Scalars.self, Lists.self, Maps.self, Choices.self, Known.self, Names.self,
  ]

  static func protobuf(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    type(of: first).checkProtobuf(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
  }

  static func json(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.first else { return }
    type(of: first).checkJSON(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
  }

  private static func type(of byte: UInt8) -> any Message.Type {
    types[Int(byte) % types.count]
  }
}

extension Message {
  fileprivate static func checkProtobuf(_ bytes: UnsafeRawBufferPointer) {
    guard let value = try? Self(serialized: bytes) else { return }
    let written = value.serialized()
    let again = try? Self(serialized: written)
    // Compared as bytes: a NaN is no other NaN's equal.
    precondition(again?.serialized() == written, "what was written reads as it was")
    _ = value.json()
  }

  fileprivate static func checkJSON(_ bytes: UnsafeRawBufferPointer) {
    guard let value = try? Self(json: bytes) else { return }
    let written = value.json()
    let again = try? Self(json: written)
    precondition(again?.json() == written, "what was written reads as it was")
  }
}
