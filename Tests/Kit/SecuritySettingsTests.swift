import Glibc
import RPCCore
import Testing

@testable import Kit

/// What an operator is told of settings that secure nothing, or too little.
@Suite struct SecuritySettingsTests {
  let folder: KitFolder

  init() throws {
    folder = try KitFolder()
    try "nothing\n".write(toFile: folder.file("empty"), atomically: true, encoding: .utf8)
    try #"{"grants": [{"to": "anyone", "allow": ["*"]}]}"#.write(
      toFile: folder.file("policy"), atomically: true, encoding: .utf8)
  }

  private func settings(_ environment: [String: String]) throws -> Settings {
    try Settings(
      program: "onepool-test", about: "a test", version: "1",
      declared: CommonSettings.all(listen: "127.0.0.1:0"),
      environment: environment.merging(
        ["ONEPOOL_DATA": folder.path, "ONEPOOL_LOG_LEVEL": "error", "ONEPOOL_LOOPS": "1"]
      ) { first, _ in first }, arguments: [])
  }

  @Test func wrongSettingsStopTheStartWithTheirName() async throws {
    let empty = folder.file("empty")
    let table: [([String: String], String)] = [
      (
        ["ONEPOOL_TLS_CERTIFICATE": empty], "ONEPOOL_TLS_CERTIFICATE is set without ONEPOOL_TLS_KEY"
      ),
      (["ONEPOOL_TLS_KEY": empty], "ONEPOOL_TLS_KEY is set without ONEPOOL_TLS_CERTIFICATE"),
      (
        ["ONEPOOL_TLS_CLIENT_CA": empty],
        "ONEPOOL_TLS_CLIENT_CA is set without ONEPOOL_TLS_CERTIFICATE"
      ),
      (
        ["ONEPOOL_TLS_CERTIFICATE": empty, "ONEPOOL_TLS_KEY": empty],
        "ONEPOOL_TLS_CERTIFICATE is \"\(empty)\": the file holds no certificate"
      ),
      (
        ["ONEPOOL_TLS_CERTIFICATE": "/nowhere", "ONEPOOL_TLS_KEY": empty],
        "ONEPOOL_TLS_CERTIFICATE is \"/nowhere\""
      ),
      (["ONEPOOL_TLS_CA": empty], "ONEPOOL_TLS_CA is \"\(empty)\": the file holds no authority"),
      (
        ["ONEPOOL_ACCESS_POLICY": "/nowhere"],
        "ONEPOOL_ACCESS_POLICY is \"/nowhere\": cannot be read"
      ),
      (["ONEPOOL_ACCESS_POLICY": empty], "must be {\"grants\""),
      (["ONEPOOL_LISTEN": "0.0.0.0:0"], "ONEPOOL_LISTEN is 0.0.0.0:0, which others can reach"),
      (["ONEPOOL_LISTEN": "[::]:0"], "which others can reach"),
    ]
    for (environment, text) in table {
      let settings = try settings(environment)
      let exit = await #expect(throws: Settings.Exit.self) {
        _ = try await RunningService(name: "test", settings: settings) { _ in ServiceParts() }
      }
      #expect(exit?.status == Settings.usageStatus)
      #expect(exit?.text.contains(text) == true, "\(exit?.text ?? "")")
      #expect(exit?.text.split(separator: "\n").count == 1)
    }
    #expect(throws: Settings.Exit.self) { try self.settings(["ONEPOOL_TRUSTED_NETWORK": "yes"]) }
  }

  @Test func openAddressesAreServedWithAPolicyOrOnRequest() async throws {
    for more in [
      ["ONEPOOL_ACCESS_POLICY": folder.file("policy")], ["ONEPOOL_TRUSTED_NETWORK": "true"],
    ] {
      let settings = try settings(more.merging(["ONEPOOL_LISTEN": "0.0.0.0:0"]) { $1 })
      let service = try await RunningService(name: "test", settings: settings) { _ in
        ServiceParts()
      }
      await service.drain(because: SIGTERM)
    }
  }

  /// Goal: a slip in a policy is told with its place, and opens nothing.
  @Test(arguments: [
    (#"[]"#, "must be"), (#"{"grants": {}}"#, "must be"),
    (#"{"grants": [], "more": 1}"#, "must be"),
    (#"{"grants": [{"allow": ["*"]}]}"#, "grant 1: must have"),
    (#"{"grants": [{"to": "everyone", "allow": ["*"]}]}"#, "grant 1: \"to\""),
    (#"{"grants": [{"identity": "", "allow": ["*"]}]}"#, "grant 1: \"identity\""),
    (#"{"grants": [{"identity": "a", "to": "anyone", "allow": ["*"]}]}"#, "grant 1: must have"),
    (#"{"grants": [{"token": "a", "sha256": "12", "allow": ["*"]}]}"#, "64 hexadecimal"),
    (#"{"grants": [{"token": "a", "allow": ["*"]}]}"#, "grant 1: must have"),
    (#"{"grants": [{"to": "anyone", "allow": []}]}"#, "grant 1: \"allow\""),
    (#"{"grants": [{"to": "anyone", "allow": "*"}]}"#, "grant 1: \"allow\""),
    (#"{"grants": [{"to": "anyone", "allow": ["a.B"]}]}"#, "\"a.B\" must be"),
    (#"{"grants": [{"to": "anyone", "allow": ["a.*/b"]}]}"#, "must be"),
    (#"{"grants": [{"to": "anyone", "allow": ["a.B/Get*"]}]}"#, "must be"),
    (#"{"grants": [{"to": "anyone", "allow": ["/a.B/Get"]}]}"#, "must be"),
  ])
  func policyThatIsNotUnderstoodIsRefused(_ json: String, _ text: String) {
    let failure = #expect(throws: AccessPolicy.Failure.self) {
      try AccessPolicy(json: Array(json.utf8))
    }
    #expect(failure?.description.contains(text) == true, "\(failure?.description ?? "")")
  }
}
