import ChannelAdapter

extension FakeAdapter: PickupTelling {
  func markReady(_ notice: ReadyNotice, api: ChannelAPI) async throws(ChannelError) {
    _ = try await api.http.send(ChannelRequest(method: "GET", url: FakeHTTP.url))
    let error: ChannelError? = channel.with { state in
      if !state.noticeErrors.isEmpty { return state.noticeErrors.removeFirst() }
      state.ready.append(notice)
      return nil
    }
    if let error { throw error }
  }
}
