internal import Foundation
internal import Glibc
internal import Primitives
internal import RPCCore
internal import RPCHTTP2

/// Runs a service from its start to its end: all that is the same in each `Main`.
///
///     await ServiceRunner.run(
///       name: "pool", about: "the one writer of stock levels", listen: "127.0.0.1:7001"
///     ) { context in
///       let store = try PoolStore(path: context.storePath)
///       return ServiceParts(services: [PoolHandlers(store)], onDrain: [{ await store.close() }])
///     }
public enum ServiceRunner {
  /// How long the end may take beyond the time that calls get.
  static let closingTime = Duration.seconds(20)

  /// Reads the settings, builds the service, serves until SIGTERM or SIGINT, drains, and ends the process.
  ///
  /// A start that fails ends it with one line on standard error: status 64 for a wrong setting, else 1.
  /// A second signal ends it at once.
  ///
  /// - Parameters:
  ///   - name: the service's word; the program is `onepool-<name>`.
  ///   - about: one line for `--help`.
  ///   - listen: default of `ONEPOOL_LISTEN`.
  ///   - settings: what it reads beside the common ones.
  public static func run(
    name: String, about: String, listen: String, settings own: [any AnySetting] = [],
    _ make: @Sendable (ServiceContext) async throws -> ServiceParts
  ) async -> Never {
    let program = "onepool-\(name)"
    do {
      try Descriptors.prepare(for: program)
    } catch {
      end(error)
    }
    await Descriptors.takeDispatchs()
    StopSignals.ignoreBrokenPipes()
    let stop = StopSignals()
    let service: RunningService
    do {
      let settings = try readSettings(name, program, about, listen, own)
      service = try await RunningService(
        name: name, settings: settings, unless: { stop.isRequested }, make)
    } catch let exit as Settings.Exit {
      end(exit)
    } catch is Standby.Ended {
      exit(0)
    } catch {
      StandardError.write(Array("\(program): cannot start: \(oneLine("\(error)"))\n".utf8))
      exit(1)
    }
    var signals = stop.signals.makeAsyncIterator()
    let first = await signals.next() ?? SIGTERM
    let impatience = Task {
      if let second = await signals.next() { exit(128 + second) }
    }
    await service.drain(because: first)
    impatience.cancel()
    exit(0)
  }

  private static func readSettings(
    _ name: String, _ program: String, _ about: String, _ listen: String,
    _ own: [any AnySetting]
  ) throws(Settings.Exit) -> Settings {
    try Settings(
      program: program, about: about, version: Version.text,
      declared: CommonSettings.all(listen: listen) + own,
      environment: ProcessInfo.processInfo.environment,
      arguments: Array(CommandLine.arguments.dropFirst()),
      others: CommonSettings.namesOfOthers(than: name))
  }

  private static func end(_ reason: Settings.Exit) -> Never {
    let descriptor = reason.status == 0 ? STDOUT_FILENO : STDERR_FILENO
    StandardError.write(Array(reason.text.utf8), to: descriptor)
    exit(reason.status)
  }

  private static func oneLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
