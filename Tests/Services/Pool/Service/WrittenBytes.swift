@testable import PoolDomain
@testable import PoolService

/// What the store keeps of a value.
private func written(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
  var writer = ByteWriter()
  write(&writer)
  return writer.bytes
}

extension LedgerEntry {
  var bytes: [UInt8] { written { write(to: &$0) } }
}

extension Hold {
  var bytes: [UInt8] { written { write(to: &$0) } }
}

extension Sale {
  var bytes: [UInt8] { written { write(to: &$0) } }
}
