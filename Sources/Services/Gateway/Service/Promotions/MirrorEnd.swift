internal import GatewayDomain
internal import Kit
internal import PoolAPI
internal import Primitives

/// Gives back at once what an earlier run made the pool keep for channels' promotions, now that it is not to be mirrored any
/// more: nobody would follow what the channels give back.
struct MirrorEnd: Sendable {
  let channelIDs: [ChannelID]
  let promotions: PromotionServiceClient
  let alerts: AlertBook
  let log: Log

  /// - Throws: what the pool or the store throws; whoever calls tries again.
  func run() async throws {
    let prefixes = channelIDs.map { PromotionMirror.prefix(of: $0) }
    var request = ListPromotionsRequest(pageSize: GatewayLimits.promotionPage)
    repeat {
      let page = try await promotions.listPromotions(request)
      for promotion in page.promotions
      where prefixes.contains(where: promotion.promotionID.hasPrefix) {
        try await end(promotion)
      }
      request.pageToken = page.nextPageToken
    } while !request.pageToken.isEmpty
    try await alerts.resolveAll(.promotionUnmirrored)
  }

  private func end(_ promotion: Promotion) async throws {
    let id = promotion.promotionID
    // One may begin or end by the pool's clock between the list and the call: the next look sees it.
    switch promotion.state {
    case .draft, .scheduled: _ = try await promotions.cancelPromotion(.init(promotionID: id))
    case .active:
      _ = try await Refusals.tolerate(["PROMOTION_STATE"]) {
        try await promotions.endPromotion(.init(promotionID: id))
      }
    case .ended, .cancelled, .unspecified, .unrecognized: return
    }
    log.info("a channel's promotion is mirrored no more", ["promotion": id])
  }
}
