internal import ChannelAdapter
internal import GatewayAPI
internal import Primitives
internal import RPCCore

extension GatewayHandler {
  func startAuthorisation(
    _ request: StartAuthorisationRequest, context: ServerContext
  ) async throws -> StartAuthorisationResponse {
    var connection = request.connection ?? Connection()
    if let id = try? AccountID(connection.accountID),
      let known = await gateway.directory.session(id)?.connection
    {
      if connection.channelID.isEmpty { connection.channelID = known.account.channelID.text }
      if connection.externalID.isEmpty { connection.externalID = known.account.externalID }
      if connection.callsPerSecond == 0 { connection.callsPerSecond = known.callsPerSecond }
    }
    let (wanted, displayName) = try checked(
      ConnectAccountRequest(connection: connection, displayName: request.displayName),
      mayBeUnnamed: true)
    let channelID = wanted.account.channelID
    guard let adapter = gateway.registry[channelID] else {
      throw GatewayError.channelUnsupported(channelID.text)
    }
    guard let authorising = adapter as? any Authorising else {
      throw GatewayError.authorisationUnsupported(channelID.text)
    }
    let account = try await merged(wanted).account
    try require(authorising.appCredentials, of: account)
    let redirectURL = gateway.redirectURL(channelID)
    let (state, expireTime) = await gateway.authorisations.start(
      wanted, displayName, redirectURL: redirectURL)
    do throws(ChannelError) {
      return StartAuthorisationResponse(
        url: try authorising.authorisationURL(
          redirectURL: redirectURL, state: state, api: gateway.api(of: account)),
        expireTime: expireTime)
    } catch {
      throw GatewayError(error.hiding(account.credentials), account: account.accountID.text)
    }
  }
}
