internal import CodegenCore
internal import Foundation

do {
  let request = try FileHandle.standardInput.readToEnd() ?? Data()
  try FileHandle.standardOutput.write(contentsOf: Data(Generator.respond(to: [UInt8](request))))
} catch {
  FileHandle.standardError.write(Data("protoc-gen-onepool: \(error)\n".utf8))
  exit(1)
}
