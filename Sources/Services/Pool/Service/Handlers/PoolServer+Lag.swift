internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore

extension PoolServer {
  public func reportLag(
    _ request: ReportLagRequest, context: ServerContext
  ) async throws -> ReportLagResponse {
    var check = RequestCheck()
    check.count(request.lags, "lags", in: 1...Limits.channels)
    var known: Set<String> = []
    let lags = request.lags.prefix(Limits.channels).enumerated().map { number, lag in
      let path = "lags[\(number)]"
      if !known.insert(lag.channelID).inserted {
        check.refuse("\(path).channel_id", "It comes a second time.")
      }
      return ReportLag.Lag(
        channel: check.identifier(ChannelID.self, lag.channelID, "\(path).channel_id"),
        span: check.lag(lag.lag, "\(path).lag"))
    }
    check.requestID(request.requestID)
    try check.finish()
    let command = ReportLag(lags: lags)
    return try await perform(.reportLag(command), for: request, id: request.requestID, context) {
      reply, _ in
      guard case .changedBuffers(let count) = reply else {
        preconditionFailure("\(reply) to ReportLag")
      }
      return ReportLagResponse(changedCount: Int32(count))
    }
  }
}
