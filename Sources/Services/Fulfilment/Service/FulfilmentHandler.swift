public import FulfilmentAPI
internal import FulfilmentDomain
public import Kit
public import PoolAPI
public import Primitives
public import StorageCore

/// Answers the calls of `FulfilmentService`. One file a call where it is more than a few lines.
public final class FulfilmentHandler: FulfilmentServiceHandler {
  let database: any Database
  let clock: any WallClock
  /// How long a call waits for the pool.
  let poolWait: Duration
  let feed = ChangeFeed("customer_order")
  /// What the pool has still to be told; its keys are order IDs.
  public let outbox: Outbox

  /// After it the caller hears that the pool does not know yet; the outbox goes on trying.
  public static let usualPoolWait = Duration.seconds(3)

  /// - Parameter observe: hears of every try to tell the pool, for log and metrics.
  public init(
    database: any Database, pool: PoolServiceClient, clock: any WallClock = SystemClock(),
    poolWait: Duration = usualPoolWait, observe: @escaping Outbox.Observe = { _, _ in }
  ) {
    self.database = database
    self.clock = clock
    self.poolWait = poolWait
    outbox = Outbox(database: database, clock: clock, observe: observe) { message, deadline in
      await PoolMessage.deliver(message, to: pool, until: deadline)
    }
  }
}
