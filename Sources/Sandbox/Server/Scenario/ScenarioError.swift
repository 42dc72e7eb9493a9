/// What is wrong with a scenario: the entry, and what is allowed there.
struct ScenarioError: Error, Equatable, CustomStringConvertible {
  /// `steps[3].per_second`.
  var place: String
  var problem: String

  var description: String { place.isEmpty ? problem : "\(place) \(problem)" }
}
