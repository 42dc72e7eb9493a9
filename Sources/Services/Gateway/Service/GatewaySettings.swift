public import GatewayDomain
public import Kit

/// What the gateway may be told beside the common settings.
public enum GatewaySettings {
  public static let publicURL = Setting<String>(
    "ONEPOOL_PUBLIC_URL", "address under which channels reach the hooks; some sign it",
    default: "http://127.0.0.1:8080",
    allowed: "a URL with http or https and a host, no slash at its end"
  ) { text in
    let isURL = text.hasPrefix("https://") || text.hasPrefix("http://")
    let rest = text.drop { $0 != ":" }.dropFirst(3)
    return isURL && !rest.isEmpty && !rest.hasPrefix("/") && !text.hasSuffix("/") ? text : nil
  }

  public static let zones = Setting<ZoneMap>(
    "ONEPOOL_ZONES",
    "customers' zones by address, for channels that are served from the nearest location",
    default: "",
    allowed: "COUNTRY:REGION/POSTAL=ZONE with commas between and each part of a place optional"
  ) { ZoneMap($0) }

  public static let alertURL = Setting<String?>(
    "ONEPOOL_GATEWAY_ALERT_URL",
    "address that alerts are posted to, in the form of Alertmanager's webhooks", default: "",
    allowed: "a URL with http or https and a host"
  ) { text in
    guard !text.isEmpty else { return .some(nil) }
    let isURL = text.hasPrefix("https://") || text.hasPrefix("http://")
    let rest = text.drop { $0 != ":" }.dropFirst(3)
    return isURL && !rest.isEmpty && !rest.hasPrefix("/") ? .some(text) : nil
  }

  public static let alertSecret = Setting<Secret?>.secret(
    "ONEPOOL_GATEWAY_ALERT_SECRET", "secret that posted alerts are signed with")

  public static let alertRepeat = Setting<Duration>.seconds(
    "ONEPOOL_GATEWAY_ALERT_REPEAT_SECONDS", "time after which an open alert is posted again",
    default: 14_400, in: 60...604_800)

  public static let inboxAlert = Setting<Int>.integer(
    "ONEPOOL_GATEWAY_INBOX_ALERT_COUNT", "events that may wait before it is an alert",
    default: 10_000, in: 1...100_000_000)

  public static let keys = Setting<[Secret]>.keys(
    "ONEPOOL_GATEWAY_KEYS",
    "keys that credentials are sealed with, the newest first; else a file in the data folder")

  public static let lagTarget = Setting<Duration>.milliseconds(
    "ONEPOOL_GATEWAY_LAG_TARGET_MILLISECONDS",
    "time from the pool's commit within which a channel is to acknowledge a number", default: 1000,
    in: 1...3_600_000)

  public static let lagObjective = Setting<Double>.share(
    "ONEPOOL_GATEWAY_LAG_OBJECTIVE", "share of pushes that are to meet it; more late is an alert",
    default: 0.99)

  public static let readBackShare = Setting<Double>.share(
    "ONEPOOL_GATEWAY_READ_BACK_SHARE",
    "share of pushes that are read back from the channel when it has calls to spare", default: 0.05)

  public static let reconcileSpan = Setting<Duration>.seconds(
    "ONEPOOL_GATEWAY_RECONCILE_SECONDS",
    "time in which all listings of an account are read back once, those that sell sooner",
    default: 21_600, in: 300...2_592_000)

  public static let driftPolicies = Setting<DriftPolicies>(
    "ONEPOOL_GATEWAY_DRIFT_POLICY",
    "what is done about a listing that shows another number than it should, for all and for single accounts",
    default: "correct",
    allowed: "correct, lower-only or report, and ACCOUNT= and one of them, with commas between"
  ) { DriftPolicies($0) }

  public static let inboxDays = Setting<Int>.integer(
    "ONEPOOL_GATEWAY_INBOX_DAYS", "days that events are kept after they were done", default: 30,
    in: 4...3650)

  public static let storeBytes = Setting<Int>.integer(
    "ONEPOOL_GATEWAY_STORE_BYTES", "most bytes that the store may take; 0 for no bound", default: 0,
    in: 0...1_000_000_000_000_000)

  public static let freeDiskBytes = Setting<Int>.integer(
    "ONEPOOL_GATEWAY_FREE_DISK_BYTES",
    "bytes that are to stay free on the store's disk; 0 for none", default: 268_435_456,
    in: 0...1_000_000_000_000_000)

  public static let mirrorPromotions = Setting<MirrorMode>.choice(
    "ONEPOOL_GATEWAY_MIRROR_PROMOTIONS",
    "how the pool keeps what channels have set aside for their own promotions",
    default: .ironReserve)

  public static let pollInterval = Setting<Duration>.seconds(
    "ONEPOOL_GATEWAY_POLL_SECONDS",
    "time between two polls of an account for changed orders; 0 for what its channel advises",
    default: 0, in: 0...86_400)

  public static let all: [any AnySetting] = [
    inboxDays, storeBytes, freeDiskBytes, mirrorPromotions,
    publicURL, zones, keys, alertURL, alertSecret, alertRepeat, inboxAlert, lagTarget, lagObjective,
    readBackShare, reconcileSpan, driftPolicies, pollInterval, CommonSettings.pool,
    CommonSettings.mapping, CommonSettings.fulfilment,
    CommonSettings.returns,
  ]
}
