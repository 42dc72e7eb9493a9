extension ChannelReply {
  /// Throws unless an OAuth token endpoint has given tokens; a refused refresh token or code cannot be mended.
  ///
  /// - Note: Source: RFC 6749, section 5.2, whose errors have the status 400, or 401 for the app itself.
  public func requireGrant() throws(ChannelError) {
    guard !isSuccess else { return }
    if [400, 401, 403].contains(status) { throw .unauthorised("HTTP \(status): \(excerpt)") }
    throw statusError
  }
}
