/// What an operator must know of.
public enum AlertKind: String, Sendable, CaseIterable {
  /// A listing that maps to nothing was sold.
  case unmappedListing = "UNMAPPED_LISTING"
  /// An order took units that were not there.
  case oversold = "OVERSOLD"
  /// A listing's number cannot be set.
  case pushFailed = "PUSH_FAILED"
  /// A channel sends events of a code that its documents do not name.
  case eventUnknown = "EVENT_UNKNOWN"
  /// Authentic events are not what their code should be.
  case eventUnreadable = "EVENT_UNREADABLE"
  /// An event was given up.
  case eventDead = "EVENT_DEAD"
  /// A channel refuses an account's credentials.
  case tokenRefused = "TOKEN_REFUSED"
  /// An account's new tokens cannot be stored, and the old ones are over.
  case tokensUnsaved = "TOKENS_UNSAVED"
  /// Events came with a wrong signature.
  case signatureRefused = "SIGNATURE_REFUSED"
  /// A channel could not be told of a parcel or a return.
  case noticeDead = "NOTICE_DEAD"
  /// A channel cancelled units that had left already.
  case cancelledAfterShipment = "CANCELLED_AFTER_SHIPMENT"
  /// Nobody came for an order, and its channel lets nobody cancel it from here.
  case pickupUncollected = "PICKUP_UNCOLLECTED"
  /// A channel had turned off an account's webhooks.
  case webhookDisabled = "WEBHOOK_DISABLED"
  /// Events come in faster than they are worked on.
  case inboxGrowing = "INBOX_GROWING"
  /// More pushes of an account were late than may be.
  case lagOverBudget = "LAG_OVER_BUDGET"
  /// An account's token ends soon and cannot be refreshed.
  case tokenExpiring = "TOKEN_EXPIRING"
  /// A channel has not answered an account for long.
  case syncFailing = "SYNC_FAILING"
  /// A listing shows another number than it should.
  case drift = "DRIFT"
  /// A promotion holds a listing's number.
  case promotionLock = "PROMOTION_LOCK"
  /// A channel has closed an account to us.
  case accountSuspended = "ACCOUNT_SUSPENDED"
  /// There is little room left for events.
  case storeFilling = "STORE_FILLING"
  /// A channel keeps units for a promotion, and the pool does not.
  case promotionUnmirrored = "PROMOTION_UNMIRRORED"
  /// An account's changed orders could not be asked for in several intervals.
  case pollLagging = "POLL_LAGGING"
}
