internal import Foundation
internal import Glibc

/// Starts the programs of a plan, watches them, and ends them. The kernel ends them too when this process is killed.
@MainActor
final class Supervisor {
  /// How long a program may take until it is ready, and how long it may take to end.
  static let startSeconds = 30.0
  static let stopSeconds = 15.0
  /// A log that is longer begins anew with the next start, beside the old one.
  static let logBytes: UInt64 = 16 << 20

  private let plan: Plan
  private let spawner = SpawnThread()
  private var children: [Child] = []

  private struct Child {
    var service: Plan.Service
    var process: Process
    /// Where its own lines begin in the log.
    var logStart: UInt64
  }

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
    let (output, logStart) = try openLog(service)
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
    children.append(Child(service: service, process: process, logStart: logStart))
  }

  /// Opens a program's log behind what is there: the lines of a crash are wanted most after the next start.
  private func openLog(_ service: Plan.Service) throws -> (handle: FileHandle, start: UInt64) {
    let path = logPath(service)
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let size = (attributes?[.size] as? NSNumber)?.uint64Value ?? 0
    let isFull = size > Self.logBytes && rename(path, path + ".old") == 0
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Failure("the file \(path) cannot be written") }
    return (FileHandle(fileDescriptor: descriptor, closeOnDealloc: true), isFull ? 0 : size)
  }

  private func logPath(_ service: Plan.Service) -> String { "\(plan.data)/log/\(service.name).log" }

  private func waitUntilReady(_ service: Plan.Service) async throws {
    let deadline = Date(timeIntervalSinceNow: Self.startSeconds)
    while Date() < deadline {
      let isReady = await Self.isReady(service)
      // One that has ended is not made up for by another program on its port.
      guard children.contains(where: { $0.service.name == service.name && $0.process.isRunning })
      else { throw Failure(lastLine(of: service)) }
      if isReady { return }
      try await Task.sleep(for: .milliseconds(25))
    }
    throw Failure(
      "\(service.program) was not ready after \(Int(Self.startSeconds)) s: see \(logPath(service))")
  }

  /// What a program said last: the reason why it ended.
  private func lastLine(of service: Plan.Service) -> String {
    let start = children.first { $0.service.name == service.name }?.logStart ?? 0
    let log = try? FileHandle(forReadingFrom: URL(fileURLWithPath: logPath(service)))
    defer { try? log?.close() }
    try? log?.seek(toOffset: start)
    let text = String(decoding: (try? log?.readToEnd()) ?? Data(), as: UTF8.self)
    let line = text.split(whereSeparator: \.isNewline).last.map(String.init)
    return line ?? "\(service.program) ended without a word"
  }

  /// Waits until one of the programs ends by itself, and says which.
  func firstToEnd() async -> Plan.Service? {
    let (stream, continuation) = AsyncStream.makeStream(of: Plan.Service.self)
    for child in children {
      child.process.terminationHandler = { _ in continuation.yield(child.service) }
      if !child.process.isRunning { continuation.yield(child.service) }
    }
    for await service in stream { return service }
    return nil
  }

  func explanation(_ service: Plan.Service) -> String {
    "\(service.program) ended: \(lastLine(of: service))"
  }

  /// Ends all programs, those first that call others, and waits for them.
  func stop() async {
    for child in children.reversed() where child.process.isRunning { child.process.terminate() }
    let deadline = Date(timeIntervalSinceNow: Self.stopSeconds)
    while children.contains(where: { $0.process.isRunning }), Date() < deadline {
      guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { break }
    }
    for child in children where child.process.isRunning {
      kill(child.process.processIdentifier, SIGKILL)
    }
    children = []
  }

  /// Ends one program and waits for it; false when it was not started here.
  func stop(_ name: String) async -> Bool {
    guard let place = children.firstIndex(where: { $0.service.name == name }) else { return false }
    let process = children.remove(at: place).process
    if process.isRunning { process.terminate() }
    let deadline = Date(timeIntervalSinceNow: Self.stopSeconds)
    while process.isRunning, Date() < deadline {
      guard (try? await Task.sleep(for: .milliseconds(20))) != nil else { break }
    }
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    return true
  }

  /// Whether a program of that name is there and can do its work; what else answers on the port is not asked for more.
  nonisolated static func isReady(_ service: Plan.Service) async -> Bool {
    let body = service.readyBody.map { Data($0.utf8) }
    let answer = try? await JSONClient(base: service.url).send(
      body == nil ? "GET" : "POST", service.readyPath, body, timeout: .seconds(2))
    guard let answer, answer.status == 200 else { return false }
    return answer.text.contains(service.readyMark)
  }
}
