internal import Kit
internal import PoolDomain
internal import Primitives
internal import RPCCore

extension LotError {
  var rpcError: RPCError {
    switch self {
    case .expired(let lot, let time):
      RPCError(
        .failedPrecondition, "LOT_EXPIRED",
        "Lot \(lot) has expired; receive its units as unavailable.",
        ["lotId": lot.text, "expireSeconds": "\(time.seconds)"])
    case .expiryDiffers(let lot, let known):
      RPCError(
        .failedPrecondition, "LOT_EXPIRY_DIFFERS",
        "Lot \(lot) is known, and \(known.map { "expires at \($0.rfc3339)" } ?? "does not expire"); leave its expiry out to take it so.",
        [
          "lotId": lot.text, "knownExpireSeconds": known.map { "\($0.seconds)" } ?? "",
          "knownExpireTime": known?.rfc3339 ?? "",
        ])
    case .tooMany(let sku):
      RPCError(
        .failedPrecondition, "TOO_MANY_LOTS",
        "\(sku) has \(Limits.lotsOfPlace) lots at the location, which is as many as it may have.",
        ["sku": sku.text, "lotLimit": "\(Limits.lotsOfPlace)"])
    case .unknown(let lot, let sku, let location):
      RPCError(
        .failedPrecondition, "LOT_UNKNOWN",
        "There are no units of lot \(lot) of \(sku) to go by at \(location); units that come in may say when they expire.",
        ["lotId": lot.text, "sku": sku.text, "locationId": location.text])
    case .tooFew(let lot, let sku, let location, let present, let requested):
      RPCError(
        .failedPrecondition, "INSUFFICIENT_STOCK",
        "Only \(present) units of lot \(lot) of \(sku) are on hand at \(location); \(requested) are to be lost.",
        [
          "lotId": lot.text, "sku": sku.text, "locationId": location.text,
          "onHandCount": "\(present)", "requestedCount": "\(requested)",
        ])
    }
  }
}
