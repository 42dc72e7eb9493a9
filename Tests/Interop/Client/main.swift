import Foundation
import InteropAPI
import RPCCore
import RPCHTTP2

// gRPC's interop client: `interop-client --server_host H --server_port N --test_case NAME`, with
// `--use_tls true`, `--ca_file FILE` and `--server_host_override NAME`; exit status 0 = passed.
// With `--bench SECONDS --calls N` it measures instead.
let options = Options(CommandLine.arguments)
let target = "\(options["server_host"] ?? "127.0.0.1"):\(options["server_port"] ?? "0")"
if options["bench"] != nil {
  do {
    print(try await Load(target: target, options: options).run())
    exit(0)
  } catch {
    FileHandle.standardError.write(Data("interop-client: \(error)\n".utf8))
    exit(1)
  }
}
let name = options["test_case"] ?? ""
guard let test = InteropCases.all[name] else {
  let known = InteropCases.all.keys.sorted().joined(separator: ", ")
  FileHandle.standardError.write(Data("interop-client: --test_case must be one of \(known)\n".utf8))
  exit(64)
}
do {
  try await test(InteropCases(target: target, options: options))
  print("\(name): passed")
} catch {
  FileHandle.standardError.write(Data("\(name): \(error)\n".utf8))
  exit(1)
}
