public import Primitives

/// One row of an answer, valid until the closure that received it returns. Columns count from 0.
///
/// A column of another type is converted as SQL does it; NULL reads as 0, "" or no bytes, so ask
/// `isNull` or an `optional…` where NULL means something.
public protocol Row {
  var columnCount: Int { get }
  /// What the column holds; to be asked before the column is read as something else.
  func kind(_ column: Int) -> SQLKind
  func isNull(_ column: Int) -> Bool
  func int64(_ column: Int) -> Int64
  func double(_ column: Int) -> Double
  func text(_ column: Int) -> String
  func bytes(_ column: Int) -> [UInt8]
  /// The column's bytes without a copy, valid inside `body` only.
  func withBytes<T>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> T) rethrows -> T
}

extension Row {
  public func int(_ column: Int) -> Int { Int(int64(column)) }
  public func bool(_ column: Int) -> Bool { int64(column) != 0 }
  public func time(_ column: Int) -> Timestamp { Timestamp(microseconds: int64(column)) }

  /// What our own store holds was checked when it was written.
  public func id<ID: Identifier>(_ column: Int, as type: ID.Type = ID.self) -> ID {
    ID(trusted: text(column))
  }

  public func optionalInt64(_ column: Int) -> Int64? { isNull(column) ? nil : int64(column) }
  public func optionalText(_ column: Int) -> String? { isNull(column) ? nil : text(column) }
  public func optionalBytes(_ column: Int) -> [UInt8]? { isNull(column) ? nil : bytes(column) }
  public func optionalTime(_ column: Int) -> Timestamp? { isNull(column) ? nil : time(column) }
  public func optionalID<ID: Identifier>(_ column: Int, as type: ID.Type = ID.self) -> ID? {
    isNull(column) ? nil : id(column)
  }
}
