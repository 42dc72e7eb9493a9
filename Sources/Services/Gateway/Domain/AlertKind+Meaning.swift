extension AlertKind {
  public var severity: AlertSeverity {
    switch self {
    case .oversold, .tokenRefused, .tokensUnsaved, .inboxGrowing, .syncFailing: .critical
    case .unmappedListing, .pushFailed, .eventDead, .noticeDead, .cancelledAfterShipment,
      .lagOverBudget, .tokenExpiring, .webhookDisabled, .eventUnreadable:
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
    case .lagOverBudget:
      "See whether the account's calls are limited (onepool_gateway_channel_calls_total), raise its rate or its buffer."
    case .tokenExpiring:
      "Read the reason in the message; authorise the shop again and hand the new credentials to ConnectAccount."
    case .webhookDisabled:
      "It is on again; see why the hook did not answer, and compare the orders of that time with the channel's."
    case .syncFailing:
      "See the channel's status page and the account's address; the gateway tries on and takes up what was missed."
    case .inboxGrowing:
      "See whether pool, mapping and fulfilment answer, and which account's events wait (ListInboxEvents)."
    }
  }
}
