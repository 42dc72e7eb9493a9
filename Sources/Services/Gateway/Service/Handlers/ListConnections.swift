internal import GatewayAPI
internal import Kit
internal import RPCCore

extension GatewayHandler {
  func listConnections(
    _ request: ListConnectionsRequest, context: ServerContext
  ) async throws -> ListConnectionsResponse {
    let scope = "ListConnections"
    let size = try PageSize.clamped(request.pageSize)
    let after = try PageToken.decode(request.pageToken, scope: scope, partCount: 1)?.parts[0]
    var found: [Connection] = []
    for session in await gateway.directory.all() where session.accountID.text > after ?? "" {
      guard found.count <= size else { break }
      var connection = Connection(await session.connection)
      connection.currentCallsPerSecond = await session.callsPerSecond
      found.append(connection)
    }
    let page = Page(found, size: size, scope: scope) { PageToken($0.accountID) }
    return ListConnectionsResponse(connections: page.items, nextPageToken: page.nextToken)
  }
}
