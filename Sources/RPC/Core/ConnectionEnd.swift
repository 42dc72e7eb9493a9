/// Why a server ended a connection that its peer would have gone on with. The text is a label of a metric.
public enum ConnectionEnd: String, CaseIterable, Sendable {
  /// Frames that are not HTTP/2's (RFC 9113, 5.4.1).
  case protocolError = "protocol_error"
  /// RST_STREAM by the peer, or provoked by it, again and again (CVE-2023-44487, CVE-2025-8671).
  case resets
  /// A header block in more CONTINUATION frames than any needs (CVE-2024-27316).
  case continuations
  /// PING more often than keepalive needs (CVE-2019-9512).
  case pings
  /// SETTINGS again and again (CVE-2019-9515).
  case settings
  /// DATA frames without data (CVE-2019-9518).
  case emptyData = "empty_data"
  /// More WINDOW_UPDATE than what was sent to the peer explains (CVE-2019-9511).
  case windowUpdates = "window_updates"
  /// PRIORITY again and again (CVE-2019-9513).
  case priorities
  /// Streams beyond the limit again and again.
  case refusedStreams = "refused_streams"
  /// Frames of other kinds, or that nobody waits for, again and again.
  case otherFrames = "other_frames"
  /// The connection preface or a header block was not whole in time.
  case headersOverdue = "headers_overdue"
  /// The server has as many connections as it may have.
  case connectionsExhausted = "connections_exhausted"
  /// The process may open no more descriptors, so new connections wait.
  case descriptorsExhausted = "descriptors_exhausted"
  /// Its age: its calls went on to their end, and it is no fault.
  case aged
  /// Nothing was asked for so long; no fault.
  case idle

  /// Whether somebody should look at it: it is no ordinary end.
  public var isFault: Bool { self != .aged && self != .idle }
}
