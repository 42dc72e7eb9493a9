internal import Kit
internal import PoolDomain
internal import Primitives

/// Follows the ledger row by row: each row's hash covers the whole row and the hash before it, so
/// that no row can be changed, removed, added or moved without every later hash becoming another.
///
///     hash = SHA-256(hash before | number | sequence | time | four lengths |
///                    request ID | hash of the request | response | entry)
///
/// Numbers are 64 bits, the lowest byte first. A row keeps the first eight bytes of its hash, which
/// name the first bad row; marks, archives and whoever is told the head keep all of it. For one
/// thread at a time.
final class LedgerChain {
  private(set) var head: LedgerHead
  /// Rows up to this one are of a program that knew no hash: they keep a plain checksum, and are
  /// chained all the same.
  let plainRow: Int64
  private let hasher = SHA256Hasher()
  /// What the next hash is over, one part behind the other.
  private var hashed = ByteWriter(capacity: 512)

  init(after head: LedgerHead, plainRow: Int64) {
    self.head = head
    self.plainRow = plainRow
  }

  /// Adds a new row, and returns what it keeps of its hash.
  func append(
    sequence: Int64, time: Timestamp, requestID: String, bodyHash: [UInt8], response: [UInt8],
    entry: UnsafeRawBufferPointer
  ) -> Int64 {
    let number = head.row + 1
    let hash = hash(number, sequence, time, requestID, bodyHash, response, entry)
    head = LedgerHead(
      row: number, sequence: sequence, time: time, hash: hash,
      checksum: Int64(bitPattern: hash.prefix))
    return head.checksum
  }

  /// Takes in the next row as a store has it.
  ///
  /// - Throws: `BadRow` when it is not the one that follows; the chain stays where it is.
  func follow(_ row: LedgerRow) throws(BadRow) -> LedgerEntry {
    let number = head.row + 1
    guard row.number == number else { throw BadRow(number: number, problem: "is missing") }
    let hash = row.entry.withUnsafeBytes {
      self.hash(number, row.sequence, row.time, row.requestID, row.bodyHash, row.response, $0)
    }
    let checksum =
      number <= plainRow
      ? PlainChecksum.of(row, after: head.checksum) : Int64(bitPattern: hash.prefix)
    guard row.checksum == checksum else {
      throw BadRow(
        number: number,
        problem: "is damaged: its hash does not follow from it and the row before it")
    }
    guard let entry = try? row.decoded(), entry.firstSequence == head.sequence + 1 else {
      throw BadRow(number: number, problem: "is damaged: its movements cannot be read")
    }
    head = LedgerHead(
      row: number, sequence: row.sequence, time: row.time, hash: hash, checksum: checksum)
    return entry
  }

  /// What a row's hash begins with; as it lies in memory.
  private struct Preamble {
    var before: SHA256Digest
    var number: Int64
    var sequence: Int64
    var time: Int64
    var requestBytes: Int64
    var hashBytes: Int64
    var responseBytes: Int64
    var entryBytes: Int64
  }

  private func hash(
    _ number: Int64, _ sequence: Int64, _ time: Timestamp, _ requestID: String,
    _ bodyHash: [UInt8], _ response: [UInt8], _ entry: UnsafeRawBufferPointer
  ) -> SHA256Digest {
    let preamble = Preamble(
      before: head.hash, number: number.littleEndian, sequence: sequence.littleEndian,
      time: time.microseconds.littleEndian,
      requestBytes: Int64(requestID.utf8.count).littleEndian,
      hashBytes: Int64(bodyHash.count).littleEndian,
      responseBytes: Int64(response.count).littleEndian,
      entryBytes: Int64(entry.count).littleEndian)
    hashed.clear()
    withUnsafeBytes(of: preamble) { hashed.raw($0) }
    var requestID = requestID
    requestID.withUTF8 { hashed.raw(UnsafeRawBufferPointer($0)) }
    bodyHash.withUnsafeBytes { hashed.raw($0) }
    response.withUnsafeBytes { hashed.raw($0) }
    hashed.raw(entry)
    hashed.withBytes { hasher.add($0) }
    return hasher.finish()
  }
}

/// A row of the ledger that is not the one that was written.
struct BadRow: StoreDamage, Hashable {
  var number: Int64
  var problem: String

  var description: String { "row \(number) of the ledger \(problem)" }

  /// What an operator does about it.
  static let remedy =
    "stop the pool, keep these files for whoever looks into it, and put back the newest copy of the "
    + "store that `onepool ledger verify` proves"
}
