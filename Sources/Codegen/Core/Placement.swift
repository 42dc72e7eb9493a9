/// Where the Swift of a folder of protos goes, from the option
/// `place=<proto folder>:<module>:<output folder>:<C module>:<type prefix>`.
struct Placement: Equatable {
  var protoFolder: String
  var module: String
  var outputFolder: String
  var cModule: String
  /// In front of the names of all types, for two versions of a package in one module.
  var typePrefix: String

  /// Whether other folders of protos go to the same output folder.
  var isShared = false

  static func parse(parameter: String) throws(GeneratorError) -> [String: Placement] {
    var placements: [String: Placement] = [:]
    for option in parameter.split(separator: ",") where !option.isEmpty {
      let pair = option.split(separator: "=", maxSplits: 1).map(String.init)
      guard pair.count == 2, pair[0] == "place" else {
        throw GeneratorError(String(option), "is not an option; place=… is")
      }
      let parts = pair[1].split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 5, !parts[1].isEmpty, !parts[3].isEmpty else {
        throw GeneratorError(
          pair[1], "is not <proto folder>:<module>:<output folder>:<C module>:<type prefix>")
      }
      placements[parts[0]] = Placement(
        protoFolder: parts[0], module: parts[1], outputFolder: parts[2], cModule: parts[3],
        typePrefix: parts[4])
    }
    let folders = Dictionary(grouping: placements.values, by: \.outputFolder)
    for (name, placement) in placements {
      placements[name]?.isShared = (folders[placement.outputFolder]?.count ?? 0) > 1
    }
    return placements
  }
}
