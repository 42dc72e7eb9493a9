internal import Kit
internal import PoolDomain
internal import Primitives
internal import StorageCore

/// What the pool counts for `/metrics`.
struct PoolMetrics: Sendable {
  let batches: Histogram
  let oversold: Counter
  let refused: Counter
  let recoveries: Counter
  let reorders: Counter
  let sequence: Gauge
  let auditedSequence: Gauge
  let proved: Gauge
  let storage: any StorageObserver

  init(_ metrics: Metrics, storage: any StorageObserver, queueDepth: @escaping @Sendable () -> Int)
  {
    self.storage = storage
    batches = metrics.histogram(
      "onepool_pool_batch_commands", "Commands that shared a commit.",
      bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
    oversold = metrics.counter(
      "onepool_pool_oversold_units_total", "Units sold without stock behind them.")
    refused = metrics.counter(
      "onepool_pool_refused_commands_total", "Commands refused, since too many waited.")
    recoveries = metrics.counter(
      "onepool_pool_recoveries_total", "Times that the state was read again after a failed write.")
    reorders = metrics.counter(
      "onepool_pool_reorders_due_total", "Times that stock has come down to a reorder point.")
    sequence = metrics.gauge("onepool_pool_ledger_sequence", "The ledger's last durable sequence.")
    auditedSequence = metrics.gauge(
      "onepool_pool_audited_sequence", "The ledger's sequence up to which the last audit came.")
    proved = metrics.gauge(
      "onepool_pool_ledger_proved", "Whether the last audit of the ledger found nothing: 1 or 0.")
    proved.set(1)
    metrics.gauge("onepool_pool_queued_commands", "Commands that wait for the writer.") {
      Double(queueDepth())
    }
  }
}
