internal import ChannelAdapter
internal import Kit
internal import Primitives

/// Looks after the webhooks of channels that turn them off: what is off is turned on, and an alert
/// says that something was not told meanwhile.
struct WebhookKeeper: Sendable {
  let directory: AccountDirectory
  let alerts: AlertBook
  /// Scheme, host and perhaps a path, as the channels reach the hooks.
  let publicURL: String
  let log: Log

  func run() async {
    var checked: [AccountID: Deadline] = [:]
    while !Task.isCancelled {
      for session in await directory.all() where checked[session.accountID]?.isPast ?? true {
        let isDone = await check(session)
        checked[session.accountID] = .after(
          isDone ? GatewayLimits.webhookCheckEvery : GatewayLimits.webhookRetryAfter)
      }
      do { try await Task.sleep(for: GatewayLimits.webhookLookEvery) } catch { return }
    }
  }

  /// False when the channel could not be asked: its keys may be wrong and soon be set right.
  @discardableResult
  func check(_ session: AccountSession) async -> Bool {
    guard let keeper = session.adapter as? any WebhookKeeping else { return true }
    let hookURL = "\(publicURL)/hooks/\(session.channelID)"
    let accountID = session.accountID
    do {
      let care = try await session.call { api async throws(ChannelError) in
        try await keeper.keepWebhooks(hookURL: hookURL, api: api)
      }
      if !care.created.isEmpty {
        log.info("webhooks were made", ["account": accountID, "topics": "\(care.created)"])
      }
      guard !care.revived.isEmpty else {
        await alerts.resolve(.webhookDisabled, about: accountID.text, account: accountID)
        return true
      }
      session.pollBell.raise()
      let topics = care.revived.joined(separator: ", ")
      await alerts.raise(
        .webhookDisabled, about: accountID.text, account: accountID,
        "The channel had turned off \(topics) of \(accountID), since deliveries to \(hookURL) failed; "
          + "they are on again. What happened meanwhile was not told; its orders are asked for now."
      )
      return true
    } catch {
      log.warning(
        "webhooks could not be looked after", ["account": accountID, "error": error.text])
      return false
    }
  }
}
