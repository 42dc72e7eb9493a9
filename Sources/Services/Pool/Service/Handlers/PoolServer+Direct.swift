internal import PoolAPI
public import RPCCore

extension PoolServer {
  /// What checkouts and tills call for each order.
  public var directMethods: [MethodHandler] {
    [
      .direct(PoolServiceMethods.recordSale, RecordSaleRequest.self, RecordSaleResponse.self) {
        try self.recordSale($0, $1, $2)
      },
      .direct(PoolServiceMethods.createHold, CreateHoldRequest.self, CreateHoldResponse.self) {
        try self.createHold($0, $1, $2)
      },
      .direct(PoolServiceMethods.commitHold, CommitHoldRequest.self, CommitHoldResponse.self) {
        try self.commitHold($0, $1, $2)
      },
      .direct(
        PoolServiceMethods.getAvailability, GetAvailabilityRequest.self,
        GetAvailabilityResponse.self
      ) { request, context, answer in
        answer(.success(try self.getAvailability(request, context: context)))
      },
    ]
  }
}
