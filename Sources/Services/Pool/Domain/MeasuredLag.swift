public import Primitives

/// How long channels take to know of a sale, as whoever pushes to them has measured it.
public struct ReportLag: Hashable, Sendable {
  public struct Lag: Hashable, Sendable {
    public var channel: ChannelID
    public var span: Duration

    public init(channel: ChannelID, span: Duration) {
      self.channel = channel
      self.span = span
    }
  }

  /// Each channel once.
  public var lags: [Lag]

  public init(lags: [Lag]) {
    self.lags = lags
  }

  /// What a rule for this channel, or for all, is to follow.
  func span(for channel: ChannelID?) -> Duration? {
    guard let channel else { return lags.map(\.span).max() }
    return lags.first { $0.channel == channel }?.span
  }
}

extension Pool {
  /// Lets the buffers that follow the measured lag take it over. A small change is none: each is a row of the history.
  func take(_ command: ReportLag) -> Reply {
    guard buffers.followsDemand else { return .changedBuffers(0) }
    var count = 0
    for buffer in buffers.all.sorted(by: { $0.key.order < $1.key.order }) {
      guard buffer.isLagMeasured, case .demand(let lag, let factor) = buffer.margin,
        let told = command.span(for: buffer.scope.channel), told > lag * 1.1 || told < lag * 0.9
      else { continue }
      var changed = buffer
      changed.margin = .demand(lag: told, factor: factor)
      changed.updateTime = now
      buffers.set(changed)
      noteSet(changed)
      noteTurned(changed.scope)
      count += 1
    }
    return .changedBuffers(count)
  }
}

extension Buffer.Key {
  /// The same on each machine.
  fileprivate var order: (Int32, String, String, String, String) {
    (
      scope.sku?.number ?? -1, scope.group?.text ?? "", scope.channel?.text ?? "",
      scope.listing?.text ?? "", name
    )
  }
}
