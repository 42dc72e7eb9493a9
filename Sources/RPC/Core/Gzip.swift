internal import CZlib

/// gzip (RFC 1952) by zlib: gRPC's message compression and HTTP's `content-encoding`.
package enum Gzip {
  /// 16 on top of the window's size asks zlib for gzip's header and trailer (zlib.h, `deflateInit2`).
  private static let windowBits: Int32 = 15 + 16

  package static func compress(_ bytes: [UInt8]) -> [UInt8] {
    var stream = z_stream()
    // The fastest level: messages are small and made once.
    let began = onepool_deflate_init(&stream, Z_BEST_SPEED, windowBits)
    precondition(began == Z_OK, "out of memory")
    defer { deflateEnd(&stream) }
    let room = Int(deflateBound(&stream, UInt(bytes.count)))
    return [UInt8](unsafeUninitializedCapacity: room) { output, count in
      bytes.withUnsafeBufferPointer { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(room)
        let ended = deflate(&stream, Z_FINISH)
        precondition(ended == Z_STREAM_END, "deflateBound is enough for all of it")
      }
      count = Int(stream.total_out)
    }
  }

  /// What `bytes` are the compression of. It is never held in more memory than `limit` and a piece.
  ///
  /// - Throws: `GzipError.tooLarge` beyond `limit` bytes, `.malformed` for what is not gzip, whole.
  package static func decompress(
    _ bytes: [UInt8], atMost limit: Int
  ) throws(GzipError) -> [UInt8] {
    var stream = z_stream()
    let began = onepool_inflate_init(&stream, windowBits)
    precondition(began == Z_OK, "out of memory")
    defer { inflateEnd(&stream) }
    let result = bytes.withUnsafeBufferPointer { input -> Result<[UInt8], GzipError> in
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.avail_in = UInt32(input.count)
      return Result { () throws(GzipError) in try inflateAll(&stream, atMost: limit) }
    }
    return try result.get()
  }

  private static func inflateAll(
    _ stream: inout z_stream, atMost limit: Int
  ) throws(GzipError) -> [UInt8] {
    var output: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let (code, count) = piece.withUnsafeMutableBufferPointer { buffer in
        stream.next_out = buffer.baseAddress
        stream.avail_out = UInt32(buffer.count)
        let code = inflate(&stream, Z_NO_FLUSH)
        return (code, buffer.count - Int(stream.avail_out))
      }
      guard output.count + count <= limit else { throw .tooLarge }
      output.append(contentsOf: piece[..<count])
      switch code {
      case Z_STREAM_END:
        // RFC 1952, 2.2: a file may have several members, one after another.
        guard stream.avail_in > 0 else { return output }
        guard inflateReset(&stream) == Z_OK else { throw .malformed }
      case Z_OK where stream.avail_in > 0 || count == piece.count: continue
      default: throw .malformed
      }
    }
  }
}

package enum GzipError: Error, Equatable {
  case tooLarge
  case malformed
}
