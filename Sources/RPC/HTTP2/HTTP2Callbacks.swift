internal import CNghttp2

/// Where nghttp2's C callbacks become calls of an `HTTP2Connection`.
enum HTTP2Callbacks {
  /// Hands `produce` to nghttp2 for every stream.
  static var dataProvider: nghttp2_data_provider {
    nghttp2_data_provider(
      source: nghttp2_data_source(ptr: nil),
      read_callback: { session, streamID, buffer, length, flags, _, user in
        guard let buffer, let flags else { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
        let room = UnsafeMutableBufferPointer(start: buffer, count: length)
        let produced = withConnection(user) { $0.produce(streamID, into: room) }
        switch produced {
        case nil: return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        case .bytes(let count):
          return count
        case .end(let count):
          flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
          return count
        case .trailers(let count, let trailers):
          flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
          let result = trailers.withFields { fields, count in
            nghttp2_submit_trailer(session, streamID, fields, count)
          }
          return result == 0 ? count : Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        case .wait:
          return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        case .reset:
          return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
      })
  }

  static func makeSession(
    for connection: HTTP2Connection, server: Bool, limits: TransportLimits
  ) -> OpaquePointer {
    var callbacks: OpaquePointer?
    var option: OpaquePointer?
    var session: OpaquePointer?
    precondition(nghttp2_session_callbacks_new(&callbacks) == 0, "out of memory")
    precondition(nghttp2_option_new(&option) == 0, "out of memory")
    defer {
      nghttp2_session_callbacks_del(callbacks)
      nghttp2_option_del(option)
    }
    set(callbacks, server: server)
    // Room is given back as handlers take messages, so that a slow one slows its caller down.
    nghttp2_option_set_no_auto_window_update(option, 1)
    nghttp2_option_set_peer_max_concurrent_streams(option, UInt32(limits.concurrentStreams))
    if server {
      // Beyond our own bounds, which say more: what ended the connection, and to whom it belonged.
      nghttp2_option_set_stream_reset_rate_limit(
        option, UInt64(limits.resets) * 4, UInt64(limits.resets))
      nghttp2_option_set_max_continuations(option, limits.continuationFrames * 2)
      nghttp2_option_set_max_outbound_ack(option, limits.pings * 2)
      // Frames of unknown kinds are ignored (RFC 9113, 4.1), but not uncounted.
      for kind in 10...UInt8.max { nghttp2_option_set_user_recv_extension_type(option, kind) }
    }
    let user = Unmanaged.passUnretained(connection).toOpaque()
    let made =
      server
      ? nghttp2_session_server_new2(&session, callbacks, user, option)
      : nghttp2_session_client_new2(&session, callbacks, user, option)
    guard made == 0, let session else { preconditionFailure("out of memory") }
    submitSettings(session, server: server, limits: limits)
    return session
  }

  private static func submitSettings(
    _ session: OpaquePointer, server: Bool, limits: TransportLimits
  ) {
    var settings = [
      entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindowBytes),
      entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListBytes),
    ]
    if server {
      settings.append(entry(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams))
    } else {
      settings.append(entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
    }
    let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    var result = nghttp2_submit_settings(session, none, settings, settings.count)
    precondition(result == 0, "the first SETTINGS can be submitted")
    result = nghttp2_session_set_local_window_size(
      session, none, 0, Int32(limits.connectionWindowBytes))
    precondition(result == 0, "the connection's window can be set")
  }

  private static func entry(
    _ id: nghttp2_settings_id, _ value: Int
  ) -> nghttp2_settings_entry {
    nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(value))
  }

  private static func set(_ callbacks: OpaquePointer?, server: Bool) {
    if server { setServerChecks(callbacks) }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
      guard let id = frame?.pointee.hd.stream_id,
        let isTaken = withConnection(user, { $0.headersBegan(id) })
      else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
      return isTaken ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, frame, name, nameLength, value, valueLength, _, user in
      guard let id = frame?.pointee.hd.stream_id else {
        return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
      }
      let name = UnsafeBufferPointer(start: name, count: nameLength)
      let value = UnsafeBufferPointer(start: value, count: valueLength)
      return result(withConnection(user) { $0.header(id, name, value) })
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
      guard let frame,
        withConnection(user, { frameReceived(frame.pointee, $0) }) == true
      else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
      return 0
    }
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
      guard let frame else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
      let header = frame.pointee.hd
      let kind = UInt32(header.type)
      withConnection(user) { $0.frameSent(frame) }
      if kind == NGHTTP2_DATA.rawValue || kind == NGHTTP2_HEADERS.rawValue,
        header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
      {
        withConnection(user) { $0.outputEnded(header.stream_id) }
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
      _, _, streamID, bytes, count, user in
      let bytes = UnsafeBufferPointer(start: bytes, count: count)
      let pauses = withConnection(user) { connection in
        connection.received(streamID, bytes)
        return connection.pauses()
      }
      return pauses == true ? NGHTTP2_ERR_PAUSE.rawValue : result(pauses.map { _ in })
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) {
      _, streamID, errorCode, user in
      withConnection(user) { $0.streamClosed(streamID, errorCode: errorCode) }
      return 0
    }
  }

  /// A HEADERS frame whose stream is older than the newest and not open is a connection error (RFC 9113, 5.1.1);
  /// libnghttp2 would ignore it.
  private static func setServerChecks(_ callbacks: OpaquePointer?) {
    nghttp2_session_callbacks_set_unpack_extension_callback(callbacks) { _, _, _, _ in 0 }
    nghttp2_session_callbacks_set_on_extension_chunk_recv_callback(callbacks) { _, _, _, _, _ in 0 }
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, _, user in
      guard let header = frame?.pointee.hd else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
      if UInt32(header.type) == NGHTTP2_HEADERS.rawValue {
        withConnection(user) { $0.headersNotSent(header.stream_id) }
      }
      return 0
    }
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { session, header, user in
      guard let session, let header,
        withConnection(user, { $0.frameBegan(header.pointee) }) == true
      else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
      let id = header.pointee.stream_id
      if UInt32(header.pointee.type) == NGHTTP2_HEADERS.rawValue,
        id <= nghttp2_session_get_last_proc_stream_id(session),
        nghttp2_session_find_stream(session, id) == nil
      {
        _ = nghttp2_session_terminate_session(session, NGHTTP2_PROTOCOL_ERROR.rawValue)
      }
      return 0
    }
  }
}

/// Lends the connection that a callback is for; nil when it is closed.
///
/// It is not retained: whoever calls into nghttp2 holds it, and one that is closed is kept until the loop's turn is over.
@discardableResult
@inline(__always)
private func withConnection<Result>(
  _ user: UnsafeMutableRawPointer?, _ body: (HTTP2Connection) -> Result
) -> Result? {
  guard let user else { return nil }
  return Unmanaged<HTTP2Connection>.fromOpaque(user)._withUnsafeGuaranteedRef {
    $0.isClosed ? nil : body($0)
  }
}

/// What a callback returns that has nothing to say.
private func result(_ done: Void?) -> Int32 {
  done == nil ? NGHTTP2_ERR_CALLBACK_FAILURE.rawValue : 0
}

/// False ends the connection.
private func frameReceived(_ frame: nghttp2_frame, _ connection: HTTP2Connection) -> Bool {
  let header = frame.hd
  let isLast = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
  switch UInt32(header.type) {
  case NGHTTP2_HEADERS.rawValue:
    connection.headersEnded(header.stream_id, isLast: isLast)
    if isLast { connection.inputEnded(header.stream_id) }
  case NGHTTP2_DATA.rawValue where isLast:
    connection.inputEnded(header.stream_id)
  case NGHTTP2_DATA.rawValue where header.length > 0 && frame.data.padlen == header.length:
    return connection.paddingReceived()
  case NGHTTP2_GOAWAY.rawValue:
    connection.goAway(
      lastStreamID: frame.goaway.last_stream_id, errorCode: frame.goaway.error_code)
  case NGHTTP2_SETTINGS.rawValue where header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0:
    connection.settingsReceived()
  default:
    break
  }
  return true
}
