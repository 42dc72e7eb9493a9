internal import CProtobufC
internal import Glibc

/// Memory for the C structures of one encode or decode: taken by moving a pointer, given back all at once.
///
/// It also serves as protobuf-c's allocator, so that unpacking a message costs no `malloc` of its own.
/// An arena belongs to the thread that uses it; everything in it dies with `reset`.
public final class Arena {
  enum Limits {
    /// What an idle arena keeps, and its first chunk's size.
    static let chunkBytes = 64 << 10
    static let alignment = 16
  }

  private var chunks: [UnsafeMutableRawPointer] = []
  private var cursor: UnsafeMutableRawPointer
  private var left: Int
  private let allocator: UnsafeMutablePointer<ProtobufCAllocator>

  public init() {
    cursor = .allocate(byteCount: Limits.chunkBytes, alignment: Limits.alignment)
    left = Limits.chunkBytes
    chunks.append(cursor)
    allocator = .allocate(capacity: 1)
    allocator.initialize(
      to: ProtobufCAllocator(
        alloc: { data, size in
          guard let data else { return nil }
          return Unmanaged<Arena>.fromOpaque(data)._withUnsafeGuaranteedRef { $0.allocate(size) }
        },
        free: { _, _ in },
        allocator_data: nil))
    allocator.pointee.allocator_data = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit {
    for chunk in chunks { chunk.deallocate() }
    allocator.deallocate()
  }

  /// `bytes` bytes, aligned for any C type, not zeroed.
  public func allocate(_ bytes: Int) -> UnsafeMutableRawPointer {
    precondition(bytes >= 0, "a size is not negative")
    let rounded = (bytes + Limits.alignment - 1) & ~(Limits.alignment - 1)
    if rounded > left { grow(rounded) }
    defer {
      cursor += rounded
      left -= rounded
    }
    return cursor
  }

  private func grow(_ bytes: Int) {
    let size = max(bytes, Limits.chunkBytes << min(chunks.count, 6))
    cursor = .allocate(byteCount: size, alignment: Limits.alignment)
    left = size
    chunks.append(cursor)
  }

  /// Frees everything but the first chunk; every pointer into the arena is dead.
  public func reset() {
    for chunk in chunks.dropFirst() { chunk.deallocate() }
    chunks.removeLast(chunks.count - 1)
    cursor = chunks[0]
    left = Limits.chunkBytes
  }

  /// Reads `bytes` with protobuf-c. `WireValidator` has seen them before.
  @usableFromInline func unpack(
    _ bytes: UnsafeRawBufferPointer, as descriptor: MessageDescriptor
  ) -> UnsafeMutableRawPointer? {
    let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
    return UnsafeMutableRawPointer(
      protobuf_c_message_unpack(descriptor.pointer, allocator, bytes.count, start))
  }

  /// The bytes of a C structure, behind `prefix` bytes of zero.
  @usableFromInline func pack(_ structure: UnsafeMutableRawPointer, prefix: Int) -> [UInt8] {
    let message = structure.assumingMemoryBound(to: ProtobufCMessage.self)
    let size = protobuf_c_message_get_packed_size(message)
    // The storage of empty arrays is shared by all threads, and is written to otherwise.
    guard prefix + size > 0 else { return [] }
    return [UInt8](unsafeUninitializedCapacity: prefix + size) { buffer, count in
      guard let start = buffer.baseAddress else { return }
      start.initialize(repeating: 0, count: prefix)
      let packed = size == 0 ? 0 : protobuf_c_message_pack(message, start + prefix)
      precondition(packed == size, "protobuf-c packed another size than it said")
      count = prefix + size
    }
  }

  /// An empty C structure of the type.
  @usableFromInline func structure(_ descriptor: MessageDescriptor) -> UnsafeMutableRawPointer {
    let raw = allocate(descriptor.structureBytes)
    protobuf_c_message_init(descriptor.pointer, raw)
    return raw
  }
}

extension Arena {
  /// The calling thread's spare arena. It is taken out while it is used, so that calls may nest.
  private static let spare: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key) { Unmanaged<Arena>.fromOpaque($0!).release() }
    precondition(status == 0, "the process has no thread-local key left")
    return key
  }()

  /// Takes the thread's spare arena, or makes one.
  @usableFromInline static func borrow() -> Arena {
    guard let pointer = pthread_getspecific(spare) else { return Arena() }
    pthread_setspecific(spare, nil)
    return Unmanaged<Arena>.fromOpaque(pointer).takeRetainedValue()
  }

  /// Empties the arena and keeps it as the thread's spare one, if there is none yet.
  @usableFromInline func giveBack() {
    reset()
    let reference = Unmanaged.passRetained(self)
    guard pthread_getspecific(Self.spare) == nil,
      pthread_setspecific(Self.spare, reference.toOpaque()) == 0
    else { return reference.release() }
  }

  /// Lends an arena to `body`, which must keep no pointer into it.
  @inlinable static func lend<Result, Failure: Error>(
    _ body: (Arena) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let arena = borrow()
    defer { arena.giveBack() }
    return try body(arena)
  }
}
