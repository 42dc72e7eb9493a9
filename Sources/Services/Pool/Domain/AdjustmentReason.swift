/// Why stock is adjusted, by name; the ledger keeps the name.
public enum AdjustmentReason: String, CaseIterable, Sendable {
  case damaged, stolen, expired, lost, found, sample
  case ownUse = "own_use"
  case supplierError = "supplier_error"
  case countCorrection = "count_correction"
  case dataCorrection = "data_correction"

  /// Whether units are more by it, 1, or fewer, -1; nil when it puts right what may be wrong either way.
  public var sign: Int64? {
    switch self {
    case .damaged, .stolen, .expired, .lost, .sample, .ownUse: -1
    case .found: 1
    case .supplierError, .countCorrection, .dataCorrection: nil
    }
  }

  /// As callers write it: `OWN_USE`.
  public var code: String { rawValue.uppercased() }
}
