import CodegenCore
import Protobuf

/// Talks to the generator as protoc does. Numbers of fields are those of `google/protobuf/compiler/plugin.proto`.
enum Plugin {
  struct Response {
    var error: String?
    var files: [String: String] = [:]
  }

  /// - Parameter set: a `google.protobuf.FileDescriptorSet`.
  static func run(_ set: [UInt8], files: [String], places: [String]) throws -> Response {
    var request: [UInt8] = []
    for file in files { request += field(1, Array(file.utf8)) }
    request += field(2, Array(places.map { "place=\($0)" }.joined(separator: ",").utf8))
    for (_, file) in fields(of: set) { request += field(15, file) }
    var response = Response()
    for (number, value) in fields(of: try Generator.respond(to: request)) {
      switch number {
      case 1: response.error = String(decoding: value, as: UTF8.self)
      case 15:
        let parts = fields(of: value).map { String(decoding: $0.value, as: UTF8.self) }
        response.files[parts[0]] = parts[1]
      default: break
      }
    }
    return response
  }

  private static func field(_ number: UInt8, _ value: [UInt8]) -> [UInt8] {
    var length = value.count
    var bytes = [number << 3 | 2]
    repeat {
      bytes.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
      length >>= 7
    } while length > 0
    return bytes + value
  }

  private static func fields(of bytes: [UInt8]) -> [(number: Int, value: [UInt8])] {
    var fields: [(number: Int, value: [UInt8])] = []
    var offset = 0
    func varint() -> Int {
      var value = 0
      var shift = 0
      while offset < bytes.count {
        defer { offset += 1 }
        value |= Int(bytes[offset] & 0x7F) << shift
        if bytes[offset] < 0x80 {
          break
        }
        shift += 7
      }
      return value
    }
    while offset < bytes.count {
      let tag = varint()
      let length = varint()
      guard tag & 7 == 2 else { continue }
      fields.append((tag >> 3, Array(bytes[offset..<offset + length])))
      offset += length
    }
    return fields
  }
}
