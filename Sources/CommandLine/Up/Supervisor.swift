internal import Foundation
internal import FoundationNetworking
internal import Glibc

/// Starts the programs of a plan, watches them, and ends them. The kernel ends them too when this process is killed.
@MainActor
final class Supervisor {
  /// How long a program may take until it is ready, and how long it may take to end.
  static let startSeconds = 30.0
  static let stopSeconds = 15.0

  private let plan: Plan
  private let spawner = SpawnThread()
  private var children: [(service: Plan.Service, process: Process)] = []

  init(_ plan: Plan) {
    self.plan = plan
  }

  /// Starts what does not answer yet and waits until all of it is ready.
  ///
  /// - Returns: the services that were started; those that ran already are left alone.
  @discardableResult
  func start() async throws -> [Plan.Service] {
    try makeFolder("\(plan.data)/log")
    var missing: [Plan.Service] = []
    for service in plan.services where await !Self.isReady(service) { missing.append(service) }
    for service in missing { try await launch(service) }
    for service in missing { try await waitUntilReady(service) }
    return missing
  }

  private func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Failure("the folder \(path) cannot be made: \(error.localizedDescription)")
    }
  }

  private func launch(_ service: Plan.Service) async throws {
    let log = logPath(service)
    guard FileManager.default.createFile(atPath: log, contents: nil),
      let output = FileHandle(forWritingAtPath: log)
    else {
      throw Failure("the file \(log) cannot be written")
    }
    let program = "\(plan.folder)/\(service.program)"
    guard FileManager.default.isExecutableFile(atPath: program) else {
      throw Failure("\(program) is not there: `make` builds it")
    }
    let process = Process()
    // The child is told to end when this process is gone, however it went.
    process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
    process.arguments = ["--pdeathsig", "SIGTERM", "--", program]
    var environment = plan.environment
    environment["ONEPOOL_LISTEN"] = service.address
    if service.name == "gateway" { environment["ONEPOOL_PUBLIC_URL"] = service.url }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try await spawner.run(process)
    children.append((service, process))
  }

  private func logPath(_ service: Plan.Service) -> String { "\(plan.data)/log/\(service.name).log" }

  private func waitUntilReady(_ service: Plan.Service) async throws {
    let deadline = Date(timeIntervalSinceNow: Self.startSeconds)
    while Date() < deadline {
      if await Self.isReady(service) { return }
      if let child = children.first(where: { $0.service.name == service.name }),
        !child.process.isRunning
      {
        throw Failure(lastLine(of: service))
      }
      try await Task.sleep(for: .milliseconds(25))
    }
    throw Failure(
      "\(service.program) was not ready after \(Int(Self.startSeconds)) s: see \(logPath(service))")
  }

  /// What a program said last: the reason why it ended.
  private func lastLine(of service: Plan.Service) -> String {
    let text = (try? String(contentsOfFile: logPath(service), encoding: .utf8)) ?? ""
    let line = text.split(whereSeparator: \.isNewline).last.map(String.init)
    return line ?? "\(service.program) ended without a word"
  }

  /// Waits until one of the programs ends by itself, and says which.
  func firstToEnd() async -> Plan.Service? {
    let (stream, continuation) = AsyncStream.makeStream(of: Plan.Service.self)
    for (service, process) in children {
      process.terminationHandler = { _ in continuation.yield(service) }
      if !process.isRunning { continuation.yield(service) }
    }
    for await service in stream { return service }
    return nil
  }

  func explanation(_ service: Plan.Service) -> String {
    "\(service.program) ended: \(lastLine(of: service))"
  }

  /// Ends all programs, those first that call others, and waits for them.
  func stop() async {
    for (_, process) in children.reversed() where process.isRunning { process.terminate() }
    let deadline = Date(timeIntervalSinceNow: Self.stopSeconds)
    while children.contains(where: { $0.process.isRunning }), Date() < deadline {
      guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { break }
    }
    for (_, process) in children where process.isRunning {
      kill(process.processIdentifier, SIGKILL)
    }
    children = []
  }

  nonisolated static func isReady(_ service: Plan.Service) async -> Bool {
    guard let url = URL(string: "\(service.url)/readyz") else { return false }
    let request = URLRequest(url: url, timeoutInterval: 2)
    guard let (_, response) = try? await URLSession.shared.data(for: request) else { return false }
    return (response as? HTTPURLResponse)?.statusCode == 200
  }
}
