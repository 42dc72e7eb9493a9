internal import PoolDomain
internal import Primitives

/// Who knows what SKUs and locations are called: the pool on its thread, the read model beside it.
protocol Names {
  var skuCount: Int { get }
  var locationCount: Int { get }
  var promotionCount: Int { get }
  func name(of sku: SKUIndex) -> String
  func name(of location: LocationIndex) -> String
}

extension Names {
  func knows(_ hold: Hold) -> Bool {
    hold.bundles.allSatisfy(knows)
      && hold.lines.allSatisfy {
        $0.sku.int < skuCount && $0.location.int < locationCount
          && $0.allotment?.promotion.int ?? -1 < promotionCount
      }
      && (hold.firstLines ?? []).allSatisfy {
        $0.sku.int < skuCount && $0.location.int < locationCount
      }
  }

  private func knows(_ bundle: SaleBundle) -> Bool {
    bundle.sku.int < skuCount && bundle.parts.allSatisfy { $0.sku.int < skuCount }
  }

  func knows(_ sale: Sale) -> Bool {
    sale.bundles.allSatisfy(knows)
      && sale.lines.allSatisfy { line in
        line.sku.int < skuCount
          && line.allocations.allSatisfy { $0.location.int < locationCount }
          && line.allotments.allSatisfy { $0.promotion.int < promotionCount }
      }
  }
}

extension Pool: Names {
  var locationCount: Int { locations.count }
  var promotionCount: Int { promotions.promotions.count }
  func name(of sku: SKUIndex) -> String { self.sku(at: sku).text }
  func name(of location: LocationIndex) -> String { record(of: location).location.text }
}

/// The names that a reader knows. Closures that capture it copy these few arrays, and not all of a `ReadModel.State`.
struct ReaderNames: Names {
  let skus: SKUTable
  let locations: [LocationRecord]
  let promotionCount: Int
  var skuCount: Int { skus.count }
  var locationCount: Int { locations.count }

  init(_ state: borrowing ReadModel.State) {
    skus = state.skus
    locations = state.locations
    promotionCount = state.promotions.promotions.count
  }

  func name(of sku: SKUIndex) -> String { skus.sku(at: sku.int).text }
  func name(of location: LocationIndex) -> String { locations[location.int].location.text }
}

extension ReadModel.State: Names {
  var skuCount: Int { skus.count }
  var locationCount: Int { locations.count }
  var promotionCount: Int { promotions.promotions.count }
  func name(of sku: SKUIndex) -> String { skus.sku(at: sku.int).text }
  func name(of location: LocationIndex) -> String { locations[location.int].location.text }
}
