public import ChannelAdapter
internal import HTTPClient

/// Calls channels: connections stay open, redirects are not followed (a signature is good for one address only), an answer
/// has a bound.
public final class OutboundHTTP: ChannelHTTP {
  private let client: HTTPClient

  public init() {
    var limits = HTTPClientLimits()
    limits.connectionsOfHost = GatewayLimits.outboundCalls
    limits.connections = GatewayLimits.outboundConnections
    limits.answerBytes = GatewayLimits.outboundBytes
    client = HTTPClient(limits)
  }

  public func send(_ request: ChannelRequest) async throws(ChannelError) -> ChannelReply {
    let call = HTTPCall(
      method: request.method, url: request.url, headers: request.headers, body: request.body,
      timeout: GatewayLimits.outboundTimeout)
    do throws(HTTPFailure) {
      let answer = try await client.send(call)
      return ChannelReply(status: answer.status, headers: answer.headers, body: answer.body)
    } catch {
      switch error {
      case .malformed(let reason): throw .refused(reason)
      case .tooLarge: throw .malformed("\(error)")
      case .noAnswer, .cancelled: throw .unavailable("\(error)")
      }
    }
  }
}
