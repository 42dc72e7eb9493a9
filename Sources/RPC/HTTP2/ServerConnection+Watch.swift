internal import CNghttp2
internal import Primitives
internal import RPCCore

/// What a server does about a peer that sends too much of one thing, or never gets on.
extension ServerConnection {
  /// Whether a frame is within its kind's budget.
  func bears(_ header: nghttp2_frame_hd) -> Bool {
    guard let reason = judge(header) else { return true }
    overdrawn(reason)
    return false
  }

  private func judge(_ header: nghttp2_frame_hd) -> ConnectionEnd? {
    let endsOrAcknowledges = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
    switch UInt32(header.type) {
    case NGHTTP2_HEADERS.rawValue:
      floods.headersBegan()
      guard streams.count >= limits.concurrentStreams else { return nil }
      return floods.note(.refusedStreams, now: lastActivity)
    case NGHTTP2_DATA.rawValue:
      guard header.length == 0, !endsOrAcknowledges else { return nil }
      return floods.note(.emptyData, now: lastActivity)
    case NGHTTP2_WINDOW_UPDATE.rawValue: return floods.note(.windowUpdates, now: lastActivity)
    case NGHTTP2_RST_STREAM.rawValue: return floods.note(.resets, now: lastActivity)
    case NGHTTP2_CONTINUATION.rawValue: return floods.noteContinuation()
    case NGHTTP2_PING.rawValue where !endsOrAcknowledges:
      return floods.notePing(now: lastActivity)
    case NGHTTP2_SETTINGS.rawValue where !endsOrAcknowledges:
      return floods.note(.settings, now: lastActivity)
    case NGHTTP2_PRIORITY.rawValue, NGHTTP2_PRIORITY_UPDATE.rawValue:
      return floods.note(.priorities, now: lastActivity)
    default: return floods.note(.otherFrames, now: lastActivity)
    }
  }

  func bearsPadding() -> Bool {
    guard let reason = floods.note(.emptyData, now: lastActivity) else { return true }
    overdrawn(reason)
    return false
  }

  func noteSent(_ frame: UnsafePointer<nghttp2_frame>) {
    let header = frame.pointee.hd
    switch UInt32(header.type) {
    case NGHTTP2_DATA.rawValue, NGHTTP2_HEADERS.rawValue:
      floods.sent()
      if header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 { floods.answered() }
    case NGHTTP2_RST_STREAM.rawValue:
      // A peer that makes us reset its streams does what a rapid reset does (CVE-2025-8671).
      let code = frame.pointee.rst_stream.error_code
      if code == NGHTTP2_REFUSED_STREAM.rawValue { note(.streamsExhausted) }
      guard Self.peerMistakes.contains(code) else { return }
      note(.streamBroken)
      guard let reason = floods.note(.resets, now: lastActivity) else { return }
      overdrawn(reason)
      // Not here, inside nghttp2.
      loop.executeLater { [self] in
        flush()
        close("flood")
      }
    case NGHTTP2_GOAWAY.rawValue where frame.pointee.goaway.error_code != 0:
      endReason = endReason ?? .protocolError
    default: break
    }
  }

  private static let peerMistakes: Set<UInt32> = [
    NGHTTP2_PROTOCOL_ERROR.rawValue, NGHTTP2_FLOW_CONTROL_ERROR.rawValue,
    NGHTTP2_STREAM_CLOSED.rawValue, NGHTTP2_FRAME_SIZE_ERROR.rawValue,
  ]

  private func overdrawn(_ reason: ConnectionEnd) {
    guard endReason == nil || endReason?.isFault == false else { return }
    endReason = reason
    // The words are gRPC's (grpc/proposal A8): its clients then ping less often.
    refuse(NGHTTP2_ENHANCE_YOUR_CALM, reason == .pings ? "too_many_pings" : "too_many_frames")
  }

  // MARK: - What never gets on

  func watchIfNeeded() {
    guard !isWatched, !isClosed, !streams.isEmpty else { return }
    isWatched = true
    watch()
  }

  /// Looks at what waits for the peer now and then, as long as anything may.
  private func watch() {
    let patience = min(limits.headerSeconds, limits.bodySeconds, limits.stalledSeconds)
    let pause = max(250_000_000, Int64(patience) * 250_000_000)
    schedule(at: monotonicNanoseconds() + pause) { [unowned self] in
      guard !streams.isEmpty else {
        isWatched = false
        return
      }
      look(now: monotonicNanoseconds())
      if !isClosed { watch() }
    }
  }

  private func look(now: Int64) {
    if let arriving, now - arriving.openedAt > seconds(limits.headerSeconds) {
      return refuseOverdue()
    }
    for stream in streams.all {
      if isOverdue(stream, now) {
        giveUp(stream)
      } else if stream.stall.note(
        sent: stream.sentBytes, waits: !stream.output.isEmpty, now: now)
        > seconds(limits.stalledSeconds)
      {
        note(.stalled)
        reset(stream.id, NGHTTP2_CANCEL)
      }
    }
  }

  private func seconds(_ count: Int) -> Int64 { Int64(count) * 1_000_000_000 }

  /// Whether a message or a body has taken longer than any decent peer's.
  private func isOverdue(_ stream: ServerStream, _ now: Int64) -> Bool {
    let received: Int
    var since = stream.openedAt
    switch stream.role {
    case .unary: received = stream.input.bufferedBytes
    case .http: received = stream.body.count
    case .streaming:
      // A stream may be silent for as long as it likes, but not in the middle of a message that its handler waits for;
      // until it does, the caller may have no room to go on.
      received = stream.input.bufferedBytes
      guard received > 0, !stream.input.hasMessage, stream.reader != nil else {
        stream.partialSince = nil
        return false
      }
      since = stream.partialSince ?? now
      stream.partialSince = since
    case .unknown, .refused: return false
    }
    guard !stream.inputEnded else { return false }
    let allowed = limits.bodySeconds + received / max(1, limits.bodyBytesPerSecond)
    return now - since > seconds(allowed)
  }

  func refuseOverdue() {
    endReason = endReason ?? .headersOverdue
    refuse(NGHTTP2_ENHANCE_YOUR_CALM, "headers_overdue")
    flush()
    close("headers overdue")
  }
}

/// How long an answer has been waiting for a peer that takes nothing of it.
struct Stall {
  private var sent = 0
  private var since: Int64?

  /// Nanoseconds since it last got on; 0 when nothing waits.
  mutating func note(sent: Int, waits: Bool, now: Int64) -> Int64 {
    guard waits, sent == self.sent, let since else {
      self.sent = sent
      since = waits ? now : nil
      return 0
    }
    return now - since
  }
}
