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
        "Units of lot \(lot) are on hand with another expiry.",
        ["lotId": lot.text, "knownExpireSeconds": known.map { "\($0.seconds)" } ?? ""])
    case .tooMany(let sku):
      RPCError(
        .failedPrecondition, "TOO_MANY_LOTS",
        "\(sku) has \(Limits.lotsOfPlace) lots at the location, which is as many as it may have.",
        ["sku": sku.text, "lotLimit": "\(Limits.lotsOfPlace)"])
    }
  }
}
