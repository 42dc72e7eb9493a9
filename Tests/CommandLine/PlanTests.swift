import Testing

@testable import CommandLineMain

/// Where `up` and `demo` keep their data, and what the programs that they start are told.
@Suite struct PlanTests {
  @Test(
    arguments: [
      ("", [:], "var"), ("", ["ONEPOOL_DATA": "/srv/one"], "/srv/one"),
      ("", ["ONEPOOL_DATA": ""], "var"), ("here", [:], "here"),
      ("here", ["ONEPOOL_DATA": "/srv/one"], "here"),
    ] as [(String, [String: String], String)])
  func dataLiesWhereItIsSaid(option: String, environment: [String: String], data: String) {
    let plan = Plan(data: option, base: 0, environment: environment)
    #expect(plan.data == data)
    #expect(plan.environment["ONEPOOL_DATA"] == data)
  }

  /// Goal: neither command has a default of its own that would hide the setting.
  @Test func commandsLeaveItToTheSetting() {
    for command in [Command.up, Command.demo] { #expect(command.options["data"] == .some("")) }
  }

  @Test func programsFindEachOther() {
    let plan = Plan(
      data: "", base: 9000, environment: ["ONEPOOL_TLS_CA": "x", "ONEPOOL_POOL": "elsewhere:1"])
    #expect(plan.environment["ONEPOOL_POOL"] == "127.0.0.1:9000")
    #expect(plan.environment["ONEPOOL_TLS_CA"] == nil)
    #expect(plan.url("sandbox") == "http://127.0.0.1:9005")
  }
}
