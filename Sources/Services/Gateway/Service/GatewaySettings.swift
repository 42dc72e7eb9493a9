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

  public static let all: [any AnySetting] = [
    publicURL, zones, CommonSettings.pool, CommonSettings.mapping, CommonSettings.fulfilment,
    CommonSettings.returns,
  ]
}
