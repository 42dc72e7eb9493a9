import GatewayAPI
import Primitives
import RPCCore

/// Whom the shops belong to: lets the gateway in again where it tells that a channel takes its tokens no more.
///
/// A refresh token is good once on some platforms. Its answer is lost with a gateway that is killed, or on a channel that
/// fails after it has done it, and then nobody has the new one: only the merchant can help, as the alert says. Tokens are
/// refreshed only where the plan ends them, and once: a refusal elsewhere, or a second one, is helped by nobody.
struct ChaosMerchant: Sendable {
  let world: ChaosWorld
  let plan: ChaosPlan

  /// Until the task is cancelled.
  func run() async throws {
    var waiting = plan.channelsWhoseTokensEnd
    while !Task.isCancelled {
      // Between two looks at another process; it ends early only when all ends.
      try? await Task.sleep(for: .milliseconds(500))
      let request = ListAlertsRequest(pageSize: 100, kind: "TOKEN_REFUSED")
      guard let refused = try? await world.cluster.gateway.listAlerts(request).alerts else {
        continue
      }
      for shop in Shop.everyChannel where waiting.contains(shop.channel) {
        guard refused.contains(where: { $0.accountID == shop.accountID }) else { continue }
        if try await authorise(shop) { waiting.remove(shop.channel) }
      }
    }
  }

  /// Says yes on the platform's page; false when the gateway or the platform was away.
  private func authorise(_ shop: Shop) async throws -> Bool {
    let connection = Connection(
      accountID: shop.accountID, channelID: shop.channel, externalID: shop.externalID)
    let request = StartAuthorisationRequest(connection: connection)
    guard let link = try? await world.cluster.gateway.startAuthorisation(request),
      let page = try? await SandboxClient.send("GET", link.url)
    else { return false }
    guard page.status == 200, page.text.contains("is connected") else { return false }
    print("the merchant has authorised \(shop.accountID) anew")
    return true
  }
}
