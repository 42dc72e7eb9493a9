import CFuzzer
import Foundation

// `fuzz ENTRY …`: libFuzzer over one entry point; what follows are its own arguments and corpus folders.
guard FuzzEntry.chosen != nil else {
  let known = FuzzEntry.allCases.map(\.rawValue).joined(separator: ", ")
  FileHandle.standardError.write(Data("fuzz: the first argument must be one of \(known)\n".utf8))
  exit(64)
}
// libFuzzer takes what begins with a dash as its own and all else as folders: the entry's name goes.
CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
var count = CommandLine.argc - 1
exit(
  LLVMFuzzerRunDriver(&count, &arguments) { data, size in
    FuzzEntry.chosen?.run(UnsafeRawBufferPointer(start: data, count: size))
    return 0
  })
