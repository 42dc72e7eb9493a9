internal import Kit
public import PoolAPI
internal import PoolDomain
internal import Primitives
public import RPCCore
internal import StorageCore

extension AssortmentServer {
  public func setBundle(
    _ request: SetBundleRequest, context: ServerContext
  ) async throws -> SetBundleResponse {
    var check = RequestCheck()
    let bundle = check.required(request.bundle, "bundle") ?? PoolAPI.Bundle()
    var command = SetBundle(sku: SKU(trusted: bundle.sku), parts: [], etag: bundle.etag)
    if request.bundle != nil {
      command.sku = check.identifier(SKU.self, bundle.sku, "bundle.sku")
      command.parts = check.parts(bundle.components)
    }
    check.requestID(request.requestID)
    try check.finish()
    return try await pool.perform(.setBundle(command), for: request, id: request.requestID, context)
    { reply, pool in
      guard case .bundle(let bundle) = reply else { preconditionFailure("\(reply) is no bundle") }
      return SetBundleResponse(bundle: PoolAPI.Bundle(bundle, pool))
    }
  }

  public func getBundle(
    _ request: GetBundleRequest, context: ServerContext
  ) throws -> GetBundleResponse {
    var check = RequestCheck()
    let sku = check.identifier(SKU.self, request.sku, "sku")
    try check.finish()
    return try pool.view.read { state in
      guard let bundle = state.bundles.definitions[try state.index(of: sku)], !bundle.parts.isEmpty
      else { throw PoolError.bundle(.unknown(sku)) }
      return GetBundleResponse(bundle: PoolAPI.Bundle(bundle, state))
    }
  }

  public func listBundles(
    _ request: ListBundlesRequest, context: ServerContext
  ) async throws -> ListBundlesResponse {
    let size = try PageSize.clamped(request.pageSize)
    let scope = "ListBundles"
    let token = try pool.pageToken(request.pageToken, scope: scope, partCount: 1)
    let found = try await pool.database.read(until: context.deadline) { transaction in
      try transaction.rows(
        "SELECT sku FROM bundle WHERE is_bundle = 1 AND sku > ? ORDER BY sku LIMIT ?",
        [.text(token?.parts[0] ?? ""), .int(size + 1)]
      ) { $0.id(0, as: SKU.self) }
    }
    let page = Page(found, size: size, scope: scope) { PageToken($0.text) }
    let bundles = pool.view.read { state in
      page.items.compactMap { sku in
        state.skuIndices[sku].flatMap { state.bundles.definitions[$0] }.map {
          PoolAPI.Bundle($0, state)
        }
      }
    }
    return ListBundlesResponse(bundles: bundles, nextPageToken: page.nextToken)
  }
}

extension RequestCheck {
  fileprivate mutating func parts(_ components: [PoolAPI.Bundle.Component]) -> [SetBundle.Part] {
    count(components, "bundle.components", in: 0...Limits.bundleParts)
    var known: Set<String> = []
    return components.prefix(Limits.bundleParts).enumerated().map { number, component in
      let path = "bundle.components[\(number)]"
      if !known.insert(component.sku).inserted {
        refuse("\(path).sku", "\(component.sku) comes a second time.")
      }
      return SetBundle.Part(
        sku: identifier(SKU.self, component.sku, "\(path).sku"),
        units: quantity(component.unitCount, "\(path).unit_count", in: 1...Limits.bundleUnits))
    }
  }
}

extension PoolAPI.Bundle {
  init(_ bundle: PoolDomain.Bundle, _ names: some Names) {
    self.init(
      sku: names.name(of: bundle.sku),
      components: bundle.parts.map {
        Component(sku: names.name(of: $0.sku), unitCount: $0.units)
      }, updateTime: bundle.updateTime, etag: bundle.revision == 0 ? "" : bundle.etag)
  }
}
