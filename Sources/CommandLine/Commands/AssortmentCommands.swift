internal import Foundation
internal import PoolAPI

/// What is to be known of SKUs beyond their stock.
enum AssortmentCommands {
  static let all = [bundle, reorder]

  static let bundle = Command(
    name: "bundle", usage: "[SKU [COMPONENT=UNITS … | none]]",
    summary: "bundles: lists them, shows one, or says what it consists of", wordLimit: nil
  ) { arguments in
    let assortment = try Peers.fromEnvironment().assortment
    let bundles: [PoolAPI.Bundle]
    if arguments.positions.isEmpty {
      bundles = try await allPages { token in
        let page = try await assortment.listBundles(.init(pageSize: 1000, pageToken: token))
        return (page.bundles, page.nextPageToken)
      }
    } else if arguments.positions.count == 1 {
      bundles = [
        try await assortment.getBundle(.init(sku: try arguments.word(0, "SKU"))).bundle
      ].compactMap { $0 }
    } else {
      let components =
        arguments.positions[1] == "none"
        ? []
        : try InboundCommands.amounts(arguments, from: 1).map {
          PoolAPI.Bundle.Component(sku: $0.name, unitCount: $0.units)
        }
      bundles = [
        try await assortment.setBundle(
          .init(
            bundle: .init(sku: try arguments.word(0, "SKU"), components: components),
            requestID: UUID().uuidString)
        ).bundle
      ].compactMap { $0 }
    }
    if arguments.positions.count > 1, bundles.allSatisfy(\.components.isEmpty) {
      Output.line("\(arguments.positions[0]) is no bundle")
      return 0
    }
    Output.table(
      ["bundle", "component", "units"],
      bundles.flatMap { bundle in
        bundle.components.map { [bundle.sku, $0.sku, "\($0.unitCount)"] }
      })
    return 0
  }

  static let reorder = Command(
    name: "reorder", usage: "[--all] | SKU UNITS|none [--location LOCATION]",
    summary: "what is to be ordered, or sets the stock at which it is", wordLimit: 2,
    options: ["location": "", "all": nil]
  ) { arguments in
    let assortment = try Peers.fromEnvironment().assortment
    guard !arguments.positions.isEmpty else {
      let points = try await allPages { token in
        let page = try await assortment.listReorderPoints(
          .init(dueOnly: !arguments.has("all"), pageSize: 1000, pageToken: token))
        return (page.reorderPoints, page.nextPageToken)
      }
      show(points)
      return 0
    }
    let units = try arguments.word(1, "UNITS")
    let point = ReorderPoint(
      sku: try arguments.word(0, "SKU"), locationID: arguments.option("location"),
      pointCount: units == "none" ? nil : try arguments.number(1, "UNITS"))
    let set = try await assortment.setReorderPoint(
      .init(reorderPoint: point, requestID: UUID().uuidString))
    show([set.reorderPoint ?? point])
    return 0
  }

  private static func show(_ points: [ReorderPoint]) {
    Output.table(
      ["SKU", "location", "point", "available", "incoming", "to be ordered"],
      points.map {
        [
          $0.sku, $0.locationID.isEmpty ? "all" : $0.locationID,
          $0.pointCount.map { "\($0)" } ?? "–", "\($0.availableCount)", "\($0.incomingCount)",
          $0.due ? "yes" : "no",
        ]
      })
  }
}
