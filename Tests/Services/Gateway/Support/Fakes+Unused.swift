import FulfilmentAPI
import MappingAPI
import PoolAPI
import RPCCore
import ReturnsAPI

// What the gateway never calls: the fakes refuse it.

private func refused() -> RPCError {
  RPCError(.unimplemented, "", "The gateway does not call this.")
}

extension FakePool {
  func setSku(
    _: PoolAPI.SetSkuRequest, context _: ServerContext
  ) async throws -> PoolAPI.SetSkuResponse { throw refused() }
  func listSkus(
    _: PoolAPI.ListSkusRequest, context _: ServerContext
  ) async throws -> PoolAPI.ListSkusResponse { throw refused() }
  func setLocation(
    _: PoolAPI.SetLocationRequest, context _: ServerContext
  ) async throws -> PoolAPI.SetLocationResponse { throw refused() }
  func setBuffer(
    _: PoolAPI.SetBufferRequest, context _: ServerContext
  ) async throws -> PoolAPI.SetBufferResponse { throw refused() }
  func listBuffers(
    _: PoolAPI.ListBuffersRequest, context _: ServerContext
  ) async throws -> PoolAPI.ListBuffersResponse { throw refused() }
  func setChannelSourcing(
    _: PoolAPI.SetChannelSourcingRequest, context _: ServerContext
  ) async throws -> PoolAPI.SetChannelSourcingResponse { throw refused() }
  func listChannelSourcings(
    _: PoolAPI.ListChannelSourcingsRequest, context _: ServerContext
  ) async throws -> PoolAPI.ListChannelSourcingsResponse { throw refused() }
  func setLastUnits(
    _: PoolAPI.SetLastUnitsRequest, context _: ServerContext
  ) async throws -> PoolAPI.SetLastUnitsResponse { throw refused() }
  func listLastUnits(
    _: PoolAPI.ListLastUnitsRequest, context _: ServerContext
  ) async throws -> PoolAPI.ListLastUnitsResponse { throw refused() }
  func receiveStock(
    _: PoolAPI.ReceiveStockRequest, context _: ServerContext
  ) async throws -> PoolAPI.ReceiveStockResponse { throw refused() }
  func adjustStock(
    _: PoolAPI.AdjustStockRequest, context _: ServerContext
  ) async throws -> PoolAPI.AdjustStockResponse { throw refused() }
  func returnStock(
    _: PoolAPI.ReturnStockRequest, context _: ServerContext
  ) async throws -> PoolAPI.ReturnStockResponse { throw refused() }
  func resolveUnavailable(
    _: PoolAPI.ResolveUnavailableRequest, context _: ServerContext
  ) async throws -> PoolAPI.ResolveUnavailableResponse { throw refused() }
  func listBalances(
    _: PoolAPI.ListBalancesRequest, context _: ServerContext
  ) async throws -> PoolAPI.ListBalancesResponse { throw refused() }
  func listMovements(
    _: PoolAPI.ListMovementsRequest, context _: ServerContext
  ) async throws -> PoolAPI.ListMovementsResponse { throw refused() }
  func recordSales(
    _: PoolAPI.RecordSalesRequest, context _: ServerContext
  ) async throws -> PoolAPI.RecordSalesResponse { throw refused() }
  func verifyLedger(
    _: PoolAPI.VerifyLedgerRequest, context _: ServerContext
  ) async throws -> PoolAPI.VerifyLedgerResponse { throw refused() }
  func getStockAt(
    _: PoolAPI.GetStockAtRequest, context _: ServerContext
  ) async throws -> PoolAPI.GetStockAtResponse { throw refused() }
  func archiveLedger(
    _: PoolAPI.ArchiveLedgerRequest, context _: ServerContext
  ) async throws -> PoolAPI.ArchiveLedgerResponse { throw refused() }
  func verifyArchive(
    _: PoolAPI.VerifyArchiveRequest, context _: ServerContext
  ) async throws -> PoolAPI.VerifyArchiveResponse { throw refused() }
}

extension FakeMapping {
  func listChannels(
    _: MappingAPI.ListChannelsRequest, context _: ServerContext
  ) async throws -> MappingAPI.ListChannelsResponse { throw refused() }
  func listAccounts(
    _: MappingAPI.ListAccountsRequest, context _: ServerContext
  ) async throws -> MappingAPI.ListAccountsResponse { throw refused() }
  func getListing(
    _: MappingAPI.GetListingRequest, context _: ServerContext
  ) async throws -> MappingAPI.GetListingResponse { throw refused() }
  func listListings(
    _: MappingAPI.ListListingsRequest, context _: ServerContext
  ) async throws -> MappingAPI.ListListingsResponse { throw refused() }
  func unlinkListing(
    _: MappingAPI.UnlinkListingRequest, context _: ServerContext
  ) async throws -> MappingAPI.UnlinkListingResponse { throw refused() }
  func listLinks(
    _: MappingAPI.ListLinksRequest, context _: ServerContext
  ) async throws -> MappingAPI.ListLinksResponse { throw refused() }
}

extension FakeFulfilment {
  func listOrders(
    _: FulfilmentAPI.ListOrdersRequest, context _: ServerContext
  ) async throws -> FulfilmentAPI.ListOrdersResponse { throw refused() }
}

extension FakeReturns {
  func listReturns(
    _: ReturnsAPI.ListReturnsRequest, context _: ServerContext
  ) async throws -> ReturnsAPI.ListReturnsResponse { throw refused() }
}
