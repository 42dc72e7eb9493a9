public import FulfilmentAPI
public import Kit
public import PoolAPI
public import Primitives
public import ReturnsAPI
public import StorageCore

/// Answers the calls of `ReturnsService`. One file a call where it is more than a few lines.
public final class ReturnsHandler: ReturnsServiceHandler {
  let database: any Database
  let pool: PoolServiceClient
  let fulfilment: FulfilmentServiceClient
  let clock: any WallClock
  /// How long a call waits for the pool.
  let poolWait: Duration
  let feed = ChangeFeed("return_order")
  /// What the pool has still to be told; its keys are lines of returns, so that none holds up another.
  public let outbox: Outbox

  /// After it the caller hears that the pool does not know yet; the outbox goes on trying.
  public static let usualPoolWait = Duration.seconds(3)

  /// - Parameter observe: hears of every try to tell the pool, for log and metrics.
  public init(
    database: any Database, pool: PoolServiceClient, fulfilment: FulfilmentServiceClient,
    clock: any WallClock = SystemClock(), poolWait: Duration = usualPoolWait,
    observe: @escaping Outbox.Observe = { _, _ in }
  ) {
    self.database = database
    self.pool = pool
    self.fulfilment = fulfilment
    self.clock = clock
    self.poolWait = poolWait
    outbox = Outbox(
      database: database, clock: clock, observe: observe,
      takeBack: { [feed] message, outcome, transaction in
        try PoolMessage.takeBack(
          message, outcome, in: transaction, feed: feed, now: clock.now())
      },
      deliver: { message, deadline in
        await PoolMessage.deliver(message, to: pool, until: deadline)
      })
  }

  /// Wakes the watchers once a change is durable.
  func announce(_ order: ReturnsAPI.ReturnOrder?) {
    if let order { feed.announce(order.sequence) }
  }
}
