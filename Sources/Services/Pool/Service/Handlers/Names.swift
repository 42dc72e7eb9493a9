internal import PoolDomain
internal import Primitives

/// Who knows what SKUs and locations are called: the pool on its thread, the read model beside it.
protocol Names {
  func name(of sku: SKUIndex) -> String
  func name(of location: LocationIndex) -> String
}

extension Pool: Names {
  func name(of sku: SKUIndex) -> String { record(of: sku).sku.text }
  func name(of location: LocationIndex) -> String { record(of: location).location.text }
}

extension ReadModel.State: Names {
  func name(of sku: SKUIndex) -> String { skus[sku.int].sku.text }
  func name(of location: LocationIndex) -> String { locations[location.int].location.text }
}
