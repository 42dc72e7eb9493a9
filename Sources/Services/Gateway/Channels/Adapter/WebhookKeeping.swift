/// A channel whose webhooks are made by an API and turned off by the channel when deliveries fail.
public protocol WebhookKeeping: ChannelAdapter {
  /// Sees to it that the channel tells its orders to `hookURL`: makes what is missing and turns on
  /// what the channel has turned off. What somebody has paused stays so.
  func keepWebhooks(hookURL: String, api: ChannelAPI) async throws(ChannelError) -> WebhookCare
}

/// What was done to an account's webhooks, by topic.
public struct WebhookCare: Sendable, Equatable {
  public var created: [String]
  /// Turned on again: what happened since the channel turned them off was not told.
  public var revived: [String]

  public init(created: [String] = [], revived: [String] = []) {
    self.created = created
    self.revived = revived
  }
}
