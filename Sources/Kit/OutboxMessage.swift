public import Primitives

/// Something that a peer must be told, kept in the store until it knows.
public struct OutboxMessage: Sendable, Equatable {
  /// In the order in which they were queued.
  public var id: Int64
  /// Messages of one key are delivered one after the other, in order.
  public var key: String
  /// What it is: the method to call.
  public var kind: String
  /// The request's bytes: every try sends the same.
  public var body: [UInt8]
  public var createTime: Timestamp
  /// Tries that did not work.
  public var attemptCount: Int

  public init(
    id: Int64, key: String, kind: String, body: [UInt8], createTime: Timestamp,
    attemptCount: Int = 0
  ) {
    self.id = id
    self.key = key
    self.kind = kind
    self.body = body
    self.createTime = createTime
    self.attemptCount = attemptCount
  }
}

/// What became of one try.
public enum OutboxOutcome: Sendable, Equatable {
  /// The peer knows.
  case delivered
  /// The peer was not reached, or was busy: again soon.
  case failed(String)
  /// The peer said no: again later, since only a change on its side helps.
  case refused(String)

  public var isDelivered: Bool { self == .delivered }
}
