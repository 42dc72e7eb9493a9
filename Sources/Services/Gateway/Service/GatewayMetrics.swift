internal import GatewayDomain
internal import Kit

/// What the gateway counts and measures.
struct GatewayMetrics: Sendable {
  /// Events by channel and what became of them.
  let hooks: Counter
  let hookSeconds: Histogram
  let events: Counter
  let pushes: Counter
  let lagSeconds: Histogram
  let readBackSeconds: Histogram
  let readBacks: Counter
  let channelCalls: Counter
  let breakerPauses: Counter
  let callRate: Gauge
  let missingReceipts: Gauge
  let watchRestarts: Counter
  let polls: Counter
  let polledChanges: Counter

  init(_ metrics: Metrics) {
    hooks = metrics.counter(
      "onepool_gateway_hooks_total", "Events that came in, by what they were answered.",
      labels: ["channel", "result"])
    hookSeconds = metrics.histogram(
      "onepool_gateway_hook_seconds", "From an event's last byte to its answer.",
      labels: ["channel"])
    events = metrics.counter(
      "onepool_gateway_events_total", "Events worked on, by how the try ended.",
      labels: ["channel", "result"])
    pushes = metrics.counter(
      "onepool_gateway_pushes_total", "Listings pushed, by how the push ended.",
      labels: ["account", "result"])
    lagSeconds = metrics.histogram(
      "onepool_gateway_push_lag_seconds",
      "From the pool's commit to the channel's acknowledgement.", labels: ["account"])
    readBackSeconds = metrics.histogram(
      "onepool_gateway_read_back_lag_seconds",
      "From the pool's commit until the channel was seen to show the number.", labels: ["account"])
    readBacks = metrics.counter(
      "onepool_gateway_read_backs_total",
      "Listings read back after a push, by whether they showed what was acknowledged.",
      labels: ["account", "result"])
    channelCalls = metrics.counter(
      "onepool_gateway_channel_calls_total", "Calls to channels, by how they ended.",
      labels: ["account", "result"])
    breakerPauses = metrics.counter(
      "onepool_gateway_breaker_pauses_total",
      "Times that an account was left alone since its channel did not answer.", labels: ["account"])
    callRate = metrics.gauge(
      "onepool_gateway_calls_per_second",
      "Calls a second that an account may make now, learnt from its channel's answers.",
      labels: ["account"])
    missingReceipts = metrics.gauge(
      "onepool_gateway_till_missing_receipts",
      "Receipts that a device has numbered and not sent.", labels: ["account", "device"])
    watchRestarts = metrics.counter(
      "onepool_gateway_watch_restarts_total", "Watches of other services that were opened again.",
      labels: ["watch"])
    polls = metrics.counter(
      "onepool_gateway_polls_total", "Polls for changed orders, by how they ended.",
      labels: ["account", "result"])
    polledChanges = metrics.counter(
      "onepool_gateway_polled_changes_total", "Changes that no event had told of.",
      labels: ["account"])
  }
}
