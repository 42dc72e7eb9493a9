public import FulfilmentAPI
public import MappingAPI
public import PoolAPI
public import RPCCore
public import ReturnsAPI

/// The services that the gateway calls.
public struct Peers: Sendable {
  public var pool: PoolServiceClient
  public var promotions: PromotionServiceClient
  public var mapping: MappingServiceClient
  public var fulfilment: FulfilmentServiceClient
  public var returns: ReturnsServiceClient

  public init(pool: RPCClient, mapping: RPCClient, fulfilment: RPCClient, returns: RPCClient) {
    self.pool = PoolServiceClient(pool)
    promotions = PromotionServiceClient(pool)
    self.mapping = MappingServiceClient(mapping)
    self.fulfilment = FulfilmentServiceClient(fulfilment)
    self.returns = ReturnsServiceClient(returns)
  }
}
