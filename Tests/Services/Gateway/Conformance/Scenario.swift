/// What is asked of every adapter, in the same way of each; the tests of the same names ask it.
enum Scenario: String, CaseIterable, Sendable {
  // Accounts
  case refreshesTokens, refusesWrongKeys, meansRateLimit, meansOutage, meansLostAnswer
  // Events
  case verifiesEvents, rotatesSecrets, answersPing, repeatsKeys, knowsUnknownCodes,
    hearsDeauthorisation
  // Orders
  case takesOrder, mergesUnits, cancelsWhole, cancelsPart, followsEdit, leavesForeign, pollsOrders
  case cancelsOnChannel
  // Stock
  case importsPages, pushesAndReads, pushesBatch, refusesUnknownListing, meansRefusedEntry,
    holdsPromotion
  case readsReserved, comparesFirst
  // Afterwards
  case shipsTwice, asksForReturn, restocksRefund, tellsPickup
}
