internal import Kit

/// What reading back is counted by.
struct ReconcileMetrics: Sendable {
  let readings: Counter
  let drifts: Counter
  let open: Gauge
  let units: Gauge
  let oldest: Gauge
  let passSeconds: Gauge

  init(_ metrics: Metrics) {
    readings = metrics.counter(
      "onepool_gateway_reconcile_readings_total",
      "Listings read back on schedule, by what was found.", labels: ["account", "result"])
    drifts = metrics.counter(
      "onepool_gateway_drifts_total",
      "Listings found to show another number than they should, by the likely cause.",
      labels: ["account", "cause"])
    open = metrics.gauge(
      "onepool_gateway_drifts_open", "Listings that show another number than they should.",
      labels: ["account"])
    units = metrics.gauge(
      "onepool_gateway_drift_units",
      "Units that open drifts show too much or too little, together.",
      labels: ["account"])
    oldest = metrics.gauge(
      "onepool_gateway_reconcile_oldest_seconds",
      "Time since the listing was read that was not read for the longest.", labels: ["account"])
    passSeconds = metrics.gauge(
      "onepool_gateway_reconcile_pass_seconds", "How long the last whole pass took.",
      labels: ["account"])
  }
}
