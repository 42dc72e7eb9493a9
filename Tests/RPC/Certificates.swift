import Foundation
import RPCTLS

/// An authority made for one test, in a folder of its own: `openssl ca` signs what the test wants.
final class Certificates: Sendable {
  struct Failure: Error {
    var output: String
  }

  let folder: String

  init(_ name: String = "authority") throws {
    folder = FileManager.default.temporaryDirectory.path + "/onepool-tls-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let configuration = """
      [ca]
      default_ca = own
      [own]
      new_certs_dir = .
      database = index
      rand_serial = yes
      default_md = sha256
      policy = names
      unique_subject = no
      copy_extensions = copy
      [names]
      commonName = supplied
      [req]
      distinguished_name = subject
      [subject]
      """
    try write(configuration, to: "configuration")
    try write("", to: "index")
    try openssl(
      ["req", "-x509", "-nodes", "-keyout", "authority.key", "-out", "authority.pem"] + Self.key
        + ["-subj", "/CN=\(name)", "-days", "2"])
  }

  deinit {
    try? FileManager.default.removeItem(atPath: folder)
  }

  private static let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]

  var authority: String { "\(folder)/authority.pem" }

  /// A certificate for `names` (`DNS:localhost`, `URI:spiffe://…`), signed by this authority.
  ///
  /// - Parameter isExpired: whether it was good for one day long ago.
  func issue(_ file: String, _ names: String, isExpired: Bool = false) throws -> TLSIdentity {
    try openssl(
      ["req", "-nodes", "-keyout", "\(file).key", "-out", "\(file).request"] + Self.key
        + ["-subj", "/CN=\(file)", "-addext", "subjectAltName=\(names)"])
    let time = isExpired ? ["-startdate", "20200101000000Z", "-enddate", "20200102000000Z"] : []
    try openssl(
      ["ca", "-batch", "-notext", "-cert", "authority.pem", "-keyfile", "authority.key", "-days"]
        + ["2", "-in", "\(file).request", "-out", "\(file).pem"] + time)
    return TLSIdentity(certificate: "\(folder)/\(file).pem", key: "\(folder)/\(file).key")
  }

  /// Puts another certificate and key where `old` has its own.
  func replace(_ old: TLSIdentity, with new: TLSIdentity) throws {
    for (from, to) in [(new.certificate, old.certificate), (new.key, old.key)] {
      let text = try String(contentsOfFile: from, encoding: .utf8)
      try text.write(toFile: to, atomically: true, encoding: .utf8)
    }
  }

  func write(_ text: String, to file: String) throws {
    try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
  }

  private func openssl(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let command = arguments[0]
    process.arguments =
      ["openssl", command, "-config", "configuration"] + arguments.dropFirst()
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(output: String(decoding: said, as: UTF8.self))
    }
  }
}
