extension AlertKind {
  public var severity: AlertSeverity {
    switch self {
    case .oversold, .tokenRefused, .tokensUnsaved, .inboxGrowing, .syncFailing, .accountSuspended,
      .storeFilling:
      .critical
    case .unmappedListing, .pushFailed, .eventDead, .noticeDead, .cancelledAfterShipment,
      .lagOverBudget, .tokenExpiring, .webhookDisabled, .drift, .promotionLock,
      .promotionUnmirrored, .pollLagging, .eventUnreadable, .pickupUncollected:
      .warning
    case .signatureRefused, .eventUnknown: .info
    }
  }

  /// What somebody who gets the alert is to do.
  public var advice: String {
    switch self {
    case .unmappedListing:
      "Link the listing to a SKU in mapping; the sales that wait for it are then taken in by themselves."
    case .oversold:
      "Save the order from the buffer or another location, or cancel it with its channel; then resolve the alert."
    case .pushFailed:
      "Read the reason, mend the listing on the channel or its link, then push it again (RepushListing)."
    case .eventDead:
      "Read the event's last error, mend its cause, then replay it (ReplayInboxEvent)."
    case .eventUnknown:
      "Read the channel's change log: if the code matters to stock the adapter must learn it; the events are in the inbox."
    case .eventUnreadable:
      "Compare the event in the inbox with the channel's documents; its order is found by polling or on the channel's page."
    case .tokenRefused:
      "Authorise the shop again and hand the new credentials to ConnectAccount."
    case .tokensUnsaved:
      "Make room for the gateway's store; do not stop the gateway before this alert has ended."
    case .signatureRefused:
      "Compare the account's webhook secret with the channel's console; if it is right, somebody forges events."
    case .noticeDead:
      "Mend the cause and replay it (ReplayNotice), or tell the channel on its own pages and resolve the alert."
    case .cancelledAfterShipment:
      "Stop the parcel or expect its return; the units stay sold until they are back."
    case .pickupUncollected:
      "Cancel the order and pay it back where it was sold, then resolve the alert; its units are on sale again already."
    case .lagOverBudget:
      "See whether the account's calls are limited (onepool_gateway_channel_calls_total), raise its rate or its buffer."
    case .tokenExpiring:
      "Read the reason in the message; authorise the shop again and hand the new credentials to ConnectAccount."
    case .webhookDisabled:
      "It is on again; see why the hook did not answer, and compare the orders of that time with the channel's."
    case .syncFailing:
      "See the channel's status page and the account's address; the gateway tries on and takes up what was missed."
    case .drift:
      "Read the likely cause (ListDrifts); if somebody else writes the number, stop it; if an order is missing, find it."
    case .promotionLock:
      "Take the listing out of the promotion where it could oversell; it is pushed when the promotion has ended."
    case .storeFilling:
      "Make room on the gateway's disk or raise its bounds; at them events are refused, which channels repeat for hours, not days."
    case .promotionUnmirrored:
      "End or change the pool's promotion of that SKU, or link the listing to the SKUs that a bundle is made of."
    case .accountSuspended:
      "See the shop on its channel's pages: banned, unpaid, or the app removed; when it is open, authorise it again if it asks."
    case .pollLagging:
      "Read the reason; until it is mended, orders whose events were lost are not found."
    case .inboxGrowing:
      "See whether pool, mapping and fulfilment answer, and which account's events wait (ListInboxEvents)."
    }
  }
}
