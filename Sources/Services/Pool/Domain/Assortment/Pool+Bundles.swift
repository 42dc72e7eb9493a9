internal import Primitives

extension Pool {
  func set(_ command: SetBundle) throws(PoolError) -> Reply {
    let sku = try catalog.index(command.sku)
    var parts: [Bundle.Part] = []
    for (number, part) in command.parts.enumerated() {
      parts.append(
        Bundle.Part(sku: try catalog.index(part.sku, line: number), units: part.units))
    }
    let known = bundles.definitions[sku]
    guard command.etag.isEmpty || command.etag == known?.etag else {
      throw .bundle(.changed(command.sku))
    }
    guard parts != known?.parts ?? [] else {
      return .bundle(known ?? Bundle(sku: sku, parts: [], updateTime: now, revision: 0))
    }
    if let part = bundles.cycle(of: sku, in: parts) {
      throw .bundle(.cycle(command.sku, part: catalog.sku(part)))
    }
    let wasOrdinary = bundles.components(of: sku) == nil
    if wasOrdinary { try refuseStock(of: sku) }
    let bundle = Bundle(
      sku: sku, parts: parts, updateTime: now, revision: (known?.revision ?? 0) + 1)
    bundles.set(bundle)
    if let changed = bundles.affected(by: sku).sorted().first(where: { !bundles.isBounded($0) }) {
      bundles.restore(known, of: sku)
      throw .bundle(.tooLarge(catalog.sku(changed)))
    }
    noteSet(bundle)
    if wasOrdinary { removeReorderPoints(of: sku) }
    return .bundle(bundle)
  }

  /// What has no stock of its own is never to be ordered.
  private func removeReorderPoints(of sku: SKUIndex) {
    for var point in reorderPoints[sku] {
      point.units = nil
      point.updateTime = now
      reorderPoints.set(point)
      noteSet(point)
    }
  }

  /// Whether a bundle from a store is no part of itself.
  public func takes(_ parts: [Bundle.Part], in sku: SKUIndex) -> Bool {
    bundles.takes(parts, in: sku)
  }

  /// A bundle from a store.
  public func load(_ bundle: Bundle) { bundles.set(bundle) }

  private func refuseStock(of sku: SKUIndex) throws(PoolError) {
    for balance in balances(of: sku) {
      guard
        balance.onHand == 0, balance.held == 0, balance.committed == 0, balance.unavailable == 0
      else {
        throw .bundle(
          .hasStock(
            catalog.sku(sku), onHand: balance.onHand, held: balance.held,
            committed: balance.committed, unavailable: balance.unavailable))
      }
    }
    let inWork = documents.values.filter { !$0.isEnded && $0.names(sku) }.map(\.key).min()
    if let inWork { throw .bundle(.inDocument(catalog.sku(sku), inWork)) }
    if let promotion = promotions.planned(with: sku, at: now) {
      throw .bundle(.inPromotion(catalog.sku(sku), promotion.id))
    }
  }

  /// The SKU of a line that moves stock: none of a bundle, which has no stock of its own.
  func stockIndex(_ sku: SKU, line: Int? = nil) throws(PoolError) -> SKUIndex {
    let index = try catalog.index(sku, line: line)
    guard bundles.components(of: index) == nil else { throw .bundle(.noStock(sku, line: line)) }
    return index
  }

  /// Bundles of which channels show something else since a definition, or the rule of a component, has changed.
  public func bundlesChanged(by changes: Changes) -> [SKUIndex] {
    var found: Set<SKUIndex> = []
    for bundle in changes.setBundles { found.formUnion(bundles.affected(by: bundle.sku)) }
    if !bundles.isEmpty {
      for sku in changes.turned.compactMap(\.self) {
        found.formUnion(bundles.bundles(with: sku))
      }
    }
    return found.sorted()
  }

  /// Notes the bundles that a component has changed.
  func noteBundles(with component: SKUIndex) {
    for bundle in bundles.bundles(with: component).sorted() {
      stocks[bundle.int].sequence = max(
        stocks[bundle.int].sequence, stocks[component.int].sequence)
      note(bundle)
    }
  }

  // MARK: Lines of bundles as lines of their components

  /// - Parameter hold: that the line is about: what it has of a bundle stays what it was.
  func components(of wanted: Wanted, in hold: Hold? = nil) -> ShortList<Wanted> {
    guard let parts = hold?.parts(of: wanted.sku) ?? bundles.components(of: wanted.sku) else {
      return ShortList(only: wanted)
    }
    return ShortList(
      parts.lazy.map {
        Wanted(sku: $0.sku, location: wanted.location, quantity: wanted.quantity * $0.units)
      })
  }

  /// The lines of a sale with components in the place of bundles, and the bundles that the sale did not have before.
  ///
  /// - Parameter place: the sale's; nil while there is none.
  func components(
    of command: RecordSale, in place: Int?
  ) throws(PoolError) -> (lines: [DemandLine], bundles: [SaleBundle]) {
    guard !bundles.isEmpty || place.map({ !sales[$0].bundles.isEmpty }) ?? false else {
      return (command.lines, [])
    }
    let known = place.map { sales[$0] }
    var lines: [DemandLine] = []
    var fresh: [SaleBundle] = []
    // No more of them are made than are allowed.
    var count = 0
    for (number, line) in command.lines.enumerated() {
      let sku = try catalog.index(line.sku, line: number)
      if let location = line.location { _ = try catalog.index(location, line: number) }
      let sold = known?.callersLine(line.lineID)
      if let sold, sold.sku != sku || sold.sold > line.quantity {
        throw .lineConflict(command.orderID, line.lineID)
      }
      var bundle = known?.bundle(line.lineID)
      if bundle == nil, let parts = bundles.components(of: sku) {
        // What was sold before it became a bundle stays what it was.
        if let sold {
          guard sold.sold == line.quantity else {
            throw .lineConflict(command.orderID, line.lineID)
          }
        } else {
          let made = SaleBundle(lineID: line.lineID, sku: sku, parts: parts)
          fresh.append(made)
          bundle = made
        }
      }
      guard let bundle else {
        count += 1
        lines.append(line)
        continue
      }
      count += bundle.parts.count
      for (place, part) in bundle.parts.enumerated() where count <= Limits.movements {
        lines.append(
          DemandLine(
            lineID: bundle.partID(place), sku: catalog.sku(part.sku),
            quantity: line.quantity * part.units, location: line.location))
      }
    }
    try checkMovements(count)
    return (lines, fresh)
  }

  /// Totals of components in the place of bundles' ones.
  func components(
    of totals: [LineTotal], in sale: Sale, _ kind: Movement.Kind
  ) throws(PoolError) -> [LineTotal] {
    guard !sale.bundles.isEmpty else { return totals }
    var found: [LineTotal] = []
    var count = 0
    for total in totals {
      guard let bundle = sale.bundle(total.lineID), let line = sale.callersLine(total.lineID) else {
        count += 1
        found.append(total)
        continue
      }
      let wanted = total.total - (kind == .shipped ? line.shipped : line.cancelled)
      guard wanted <= line.open else {
        throw kind == .shipped
          ? .notCommitted(sale.orderID, line.id, open: line.open)
          : .saleShipped(sale.orderID, line.id, open: line.open)
      }
      count += bundle.parts.count
      for (place, part) in bundle.parts.enumerated() where count <= Limits.movements {
        found.append(
          LineTotal(lineID: bundle.partID(place), total: total.total * part.units))
      }
    }
    try checkMovements(count)
    return found
  }

  /// Returned components in the place of bundles: what was in the bundle when it was sold, or is in it now when nobody knows
  /// the sale. A single component that comes back counts on its own.
  func components(of command: ReturnStock) throws(PoolError) -> [ReturnStock.Line] {
    let sale = command.orderID.flatMap { sales[$0] }
    guard !bundles.isEmpty || !(sale?.bundles.isEmpty ?? true) else { return command.lines }
    var count = 0
    let lines = command.lines.flatMap { line -> [ReturnStock.Line] in
      count += 1
      guard let sku = catalog.find(line.stock.sku) else { return [line] }
      let sold = sale?.bundle(line.lineID)
      if let sold, sold.sku != sku {
        guard let place = sold.parts.firstIndex(where: { $0.sku == sku }) else { return [line] }
        var part = line
        part.lineID = sold.partID(place)
        return [part]
      }
      guard let parts = sold?.parts ?? bundles.components(of: sku) else { return [line] }
      count += parts.count - 1
      guard count <= Limits.movements else { return [] }
      return parts.enumerated().map { place, part in
        ReturnStock.Line(
          stock: StockLine(
            sku: catalog.sku(part.sku), location: line.stock.location,
            quantity: line.stock.quantity * part.units),
          disposition: line.disposition, lineID: sold?.partID(place) ?? line.lineID)
      }
    }
    try checkMovements(count)
    return lines
  }
}

extension Document {
  /// Whether one of its lines is of a SKU.
  fileprivate func names(_ sku: SKUIndex) -> Bool {
    switch self {
    case .purchaseOrder(let order): order.terms.lines.contains { $0.sku == sku }
    case .transfer(let transfer): transfer.terms.lines.contains { $0.sku == sku }
    case .count(let count): count.lines.contains { $0.sku == sku }
    }
  }
}
