/// Why stock is adjusted, by name; the ledger keeps the name.
public enum AdjustmentReason: String, CaseIterable, Sendable {
  case damaged, stolen, expired, lost, found, sample
  case ownUse = "own_use"
  case supplierError = "supplier_error"
  case countCorrection = "count_correction"
  case dataCorrection = "data_correction"
}
