import PoolAPI
import Primitives
import RPCCore
import StorageCore

@testable import PoolService

extension Shelf {
  /// Makes a location.
  static func open(_ location: String, in pool: PoolServer) async {
    let context = ServerContext(method: PoolServiceMethods.setLocation)
    let rank: Int32 = location == "A" ? 1 : 2
    _ = try? await pool.setLocation(
      .init(
        location: .init(
          locationID: location, rank: rank, zones: Model.zones[location] ?? [])),
      context: context)
  }
}

/// What a question was answered with.
///
/// `@unchecked Sendable`: the simulation has one thread.
private final class Answer<Value>: @unchecked Sendable {
  var value: Result<Value, any Error>?
}

extension Simulation {
  /// Asks the pool itself, without faults: its proof of the ledger, each order and each SKU.
  func audit() throws {
    guard let server, server.isHealthy else { return }
    trace.add("audit")
    let model = candidates[0]
    try disk.undisturbed {
      let proof = try ask { try await $0.verifyLedger(.init(), context: $1) }
      guard proof.proved else { throw fail("the ledger is not proved: \(proof.difference)") }
      guard try server.rowCount() == model.rowCount else { throw fail("rows are missing") }
      for (id, order) in model.orders { try audit(id, order) }
      for (id, document) in model.documents { try audit(id, document) }
      for (id, count) in model.counts { try audit(id, count) }
      let available = model.available
      for sku in model.names.keys {
        let found = try ask { try $0.getAvailability(.init(sku: sku), context: $1) }
        let wanted =
          model.bundles[sku] == nil
          ? Model.total(sku, available) : model.whole(sku) { Model.total($0, available) }
        guard found.availableCount == wanted else {
          throw fail("\(sku) has \(found.availableCount) available, not \(wanted)")
        }
      }
    }
  }

  private func audit(_ id: String, _ order: Model.Order) throws {
    let sale = try ask { try await $0.getSale(.init(orderID: id), context: $1) }
    let lines = Dictionary(uniqueKeysWithValues: sale.lines.map { ($0.lineID, $0) })
    let isSame = order.lines.allSatisfy { name, line in
      let found = lines[name]
      return found?.sku == Shelf.sku(line.ware) && found?.soldCount == line.sold
        && found?.cancelledCount == line.cancelled && found?.shippedCount == line.shipped
        && found?.returnedCount == line.returned
    }
    guard isSame, lines.count == order.lines.count else { throw fail("\(id) is \(sale)") }
  }

  private func audit(_ id: String, _ document: Model.Document) throws {
    let (words, receipts): (String, [Receipt]) = try ask { pool, context in
      let server = InboundServer(pool)
      if document.source == nil {
        let found = try await server.getPurchaseOrder(
          .init(purchaseOrderID: id), context: context
        ).purchaseOrder
        return (found.words, found?.receipts ?? [])
      }
      let found = try await server.getTransfer(.init(transferID: id), context: context).transfer
      return (found.words, found?.receipts ?? [])
    }
    let names = Set(receipts.map(\.receiptID))
    guard words == document.words, names == Set(document.receipts.keys) else {
      throw fail("\(id) is \(words) with \(names), not \(document)")
    }
  }

  private func audit(_ id: String, _ count: Model.StockCount) throws {
    let found = try ask {
      try await CountServer($0).getCount(.init(countID: id), context: $1)
    }.count
    let lines = (found?.lines ?? []).map {
      Model.StockCount.Line(
        shelf: "", lookCount: $0.looks.count, variance: $0.varianceCount)
    }
    let wanted = count.lines.map {
      Model.StockCount.Line(shelf: "", lookCount: $0.lookCount, variance: $0.variance)
    }
    guard "\(found?.state ?? .unspecified)" == count.state, lines == wanted else {
      throw fail("\(id) is \(String(describing: found)), not \(count)")
    }
  }

  private func ask<Value>(
    _ question: @escaping @Sendable (PoolServer, ServerContext) async throws -> Value
  ) throws -> Value {
    guard let server else { throw fail("nobody to ask") }
    let answer = Answer<Value>()
    executor.start { [pool = server.pool] in
      do {
        let context = ServerContext(method: PoolServiceMethods.verifyLedger)
        answer.value = .success(try await question(pool, context))
      } catch {
        answer.value = .failure(error)
      }
    }
    guard let value = answer.value else { throw fail("a read waits for the writer") }
    do {
      return try value.get()
    } catch {
      throw fail("a read on a sound disk: \(error)")
    }
  }

  /// Goal: a bit of the ledger that turned over is found, at the start or by the proof.
  func rot() throws {
    try stopInOrder()
    guard let file = disk.files["/pool.db"] else { throw fail("there is no store") }
    let before = try ledger()
    for _ in 0..<20 {
      guard let row = before.randomElement(using: &random), row.entry.count >= 8,
        let start = file.bytes.firstRange(of: row.entry)?.lowerBound
      else { continue }
      let place = start + number(0...row.entry.count - 1)
      let bit = UInt8(number(0...7))
      file.rot(byte: place, bit: bit)
      defer { file.rot(byte: place, bit: bit) }
      // It may have been a copy that SQLite has left behind.
      guard try ledger() != before else { continue }
      trace.add("bit \(bit) of byte \(place)")
      do {
        let server = try SimulatedServer(on: machine)
        self.server = server
      } catch {
        guard case StorageError.corrupt = error else { throw fail("not as damage: \(error)") }
        return
      }
      defer {
        server?.end()
        server = nil
      }
      guard try !ask({ try await $0.verifyLedger(.init(), context: $1) }).proved else {
        throw fail("bit \(bit) of byte \(place) was not found")
      }
      return
    }
  }

  private func ledger() throws -> [LedgerRow] {
    let store = try StepDatabase(path: disk.uri, migrations: Schema.migrations)
    defer { store.closeNow() }
    return try store.readNow { try $0.rows(LedgerSQL.rows) { LedgerSQL.row($0) } }
  }
}
