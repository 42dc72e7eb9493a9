internal import Kit
internal import PoolAPI
internal import Primitives
internal import RPCCore

/// Tells the pool, now and then, how long channels take to know of a sale: buffers that are set so follow it.
struct LagReporter: Sendable {
  let pool: PoolServiceClient
  let lag: LagBook
  let log: Log

  func run() async {
    while !Task.isCancelled {
      do { try await Task.sleep(for: GatewayLimits.lagReportEvery) } catch { return }
      await report()
    }
  }

  func report() async {
    let lags = await lag.channelLags().sorted { $0.key < $1.key }
    guard !lags.isEmpty else { return }
    do {
      let answer = try await pool.reportLag(
        ReportLagRequest(
          lags: lags.prefix(GatewayLimits.lagChannels).map { channel, span in
            ChannelLag(
              channelID: channel.text,
              lag: min(max(span, GatewayLimits.leastLag), GatewayLimits.mostLag))
          }))
      guard answer.changedCount > 0 else { return }
      log.info(
        "buffers follow the measured lag",
        [
          "buffers": answer.changedCount,
          "lag_seconds": lags.map { "\($0.key)=\($0.value.inSeconds)" }.joined(separator: " "),
        ])
    } catch {
      // The next report says the same, or better.
      log.warning("the lag could not be reported", ["error": "\(error)"])
    }
  }
}
