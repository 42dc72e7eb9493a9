import Foundation
import Testing

extension SystemTests {
  /// Clients that others have written, against the real processes.
  @Suite(.enabled(if: Programs.hasPython, "no Python tools: `make install` gets them"))
  struct InteropTests {
    @Test(.timeLimit(.minutes(10))) func otherClientsAreServed() async throws {
      try await Cluster.with(Cluster.services) { cluster in
        for script in ["test_grpc.py", "test_http.py", "test_connect.py", "test_frames.py"] {
          try await run("Tests/Interop/\(script)", cluster)
        }
        for service in Cluster.services { #expect(try cluster.process(service).isRunning) }
      }
    }

    /// gRPC's own test service: our server under grpcio's client, our client against grpcio's server.
    @Test(.timeLimit(.minutes(5))) func testServiceInteroperates() async throws {
      var environment = ProcessInfo.processInfo.environment
      for program in ["server", "client"] {
        let path = Programs.folder.appending(path: "interop-\(program)").path
        environment["ONEPOOL_INTEROP_\(program.uppercased())"] = path
      }
      try await run("Tests/Interop/test_interop.py", environment)
    }

    /// TLS, mutual TLS and a policy, in a pool of the script's own.
    @Test(.timeLimit(.minutes(5))) func securedServiceLetsInWhomItKnows() async throws {
      var environment = ProcessInfo.processInfo.environment
      environment["ONEPOOL_BIN"] = Programs.folder.path
      try await run("Tests/Interop/test_tls.py", environment)
    }

    /// What RFC 9113, RFC 7541 and gRPC's protocol demand of a server, what it does about floods, and what calls cost it.
    @Test(
      .timeLimit(.minutes(10)),
      arguments: [
        "test_conformance.py", "test_faults.py", "test_floods.py", "test_handshakes.py",
        "test_keepalive.py", "test_memory.py", "test_allocations.py",
      ])
    func testServerKeepsToItsBounds(_ script: String) async throws {
      var environment = ProcessInfo.processInfo.environment
      environment["ONEPOOL_INTEROP_SERVER"] =
        Programs.folder.appending(path: "interop-server").path
      try await run("Tests/Interop/\(script)", environment)
    }

    private func run(_ script: String, _ cluster: Cluster) async throws {
      var environment = ProcessInfo.processInfo.environment
      for service in Cluster.services {
        environment["ONEPOOL_\(service.uppercased())"] = cluster.addresses[service]
      }
      try await run(script, environment)
    }

    private func run(_ script: String, _ environment: [String: String]) async throws {
      let path = Programs.repository.appending(path: script).path
      let result = try await CommandRun.run(Programs.python, [path], environment: environment)
      #expect(result.status == 0, "\(script):\n\(result.output)")
    }
  }

  /// What is deployed fits what was built.
  @Suite struct DeployTests {
    @Test(.timeLimit(.minutes(5))) func unitsAndComposeFileAreSound() async throws {
      try await expectSuccess("Deploy/check")
    }

    @Test(.timeLimit(.minutes(5))) func settingsAreThoseOfThePrograms() async throws {
      try await expectSuccess("Deploy/settings", "--check")
    }

    private func expectSuccess(_ script: String, _ arguments: String...) async throws {
      var environment = ProcessInfo.processInfo.environment
      environment["ONEPOOL_PYTHON"] = Programs.python.path
      environment["ONEPOOL_BIN"] = Programs.folder.path
      let program = Programs.repository.appending(path: script)
      let result = try await CommandRun.run(program, arguments, environment: environment)
      #expect(result.status == 0, "\(result.output)")
    }
  }
}

/// A program that runs to its end.
enum CommandRun {
  struct Result: Sendable {
    var status: Int32
    var output: String
  }

  static func run(
    _ program: URL, _ arguments: [String], environment: [String: String],
    within limit: Duration = .seconds(240)
  ) async throws -> Result {
    let folder = try TemporaryFolder()
    let log = folder.url.appending(path: "output")
    let process = try ServiceProcess(
      program, arguments: arguments, environment: environment, log: log)
    let status = try await process.status(within: limit)
    return Result(status: status, output: process.log)
  }
}
