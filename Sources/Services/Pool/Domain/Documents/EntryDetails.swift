/// What only some entries of the ledger have.
public struct EntryDetails: Hashable, Sendable {
  /// The document that the movements belong to.
  public var document: DocumentKey?
  /// What the units cost, one for each movement, in one currency; empty when nobody knows.
  public var costs: [LandedCost] = []
  public var currency = ""
  /// Which lots came or went; of what is not named, nobody knows the lot.
  public var lots: [LotUnits] = []
  /// The bundles that a sale has sold, or a hold has got, for the first time.
  public var bundles: [SaleBundle] = []
  /// Why, in words.
  public var note = ""

  public init(document: DocumentKey? = nil, costs: [LandedCost] = [], currency: String = "") {
    self.document = document
    self.costs = costs
    self.currency = currency
  }
}
