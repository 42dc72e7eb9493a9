public import PoolAPI

/// What is to be known of SKUs beyond their stock, on the pool's one writer.
public final class AssortmentServer: AssortmentServiceHandler {
  let pool: PoolServer

  init(_ pool: PoolServer) {
    self.pool = pool
  }
}
