import Primitives
import Testing

@testable import PoolDomain

/// Holds of a KIT of two TEEs and a CAP: ten TEEs and four CAPs are there.
@Suite struct BundleHoldTests {
  private func checkKit(
    _ script: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try check(
      onHand: 10, moreSKUs: ["KIT", "BIG"],
      """
      receive 4:CAP           -> ok
      bundle KIT 2 1:CAP      -> bundle       available:KIT 4
      \(script)
      """, sourceLocation: sourceLocation)
  }

  @Test func editsAreInBundles() throws {
    try checkKit(
      """
      hold h-1 1:KIT          -> held         held 2    held:CAP 1
      edit h-1 +2:KIT         -> held         held 6    held:CAP 3   available:KIT 1
      edit h-1 +2:KIT         -> short:1/2    held 6    held:CAP 3
      edit h-1 -1:KIT         -> held         held 4    held:CAP 2
      edit h-1 -1:KIT +1      -> held         held 3    held:CAP 1
      edit h-1 +1:KIT -2 -1:CAP -> unchanged held
      edit h-1 -1:KIT etag=s1 -> holdChanged:s10
      edit h-1 -2:KIT         -> short:3/4    held 3    held:CAP 1
      edit h-1 -1:KIT         -> held         held 1    held:CAP 0
      edit h-1 -1:KIT         -> short:1/2    held 1
      edit h-1 -1             -> released     held 0    available:KIT 4
      """)
  }

  @Test func partIsCommittedInBundles() throws {
    try checkKit(
      """
      hold h-1 3:KIT 1            -> held                   held 7        held:CAP 3
      commit h-1 o-1 4:KIT        -> short:7/8              held 7
      commit h-1 o-1 2:KIT 1      -> committed              committed 5   committed:CAP 2   held 0  held:CAP 0
      commit h-1 o-1 2:KIT 1      -> unchanged committed
      commit h-1 o-1 5 2:CAP      -> unchanged committed
      commit h-1 o-1              -> unchanged committed
      commit h-1 o-1 3:KIT        -> holdEnded:committed
      commit h-1 o-1 2:KIT        -> holdEnded:committed
      ship o-1 4 2 1              -> ok                     shipped 5     shipped:CAP 2
      hold h-2 2:KIT until=5      -> held                   held 4
      wait 5                      -> ok                     held 0
      commit h-2 o-2 1:KIT        -> committed retaken      committed 2   committed:CAP 1
      """)
  }

  @Test func componentsAreCommittedAlone() throws {
    try checkKit(
      """
      hold h-1 2:KIT              -> held          held 4        held:CAP 2
      commit h-1 o-1 1:KIT 1:CAP  -> committed     committed 2   committed:CAP 2   held 0
      """)
  }

  /// Goal: in a hold, a bundle is what it was when the hold got it, whatever its definition becomes.
  @Test func holdKeepsWhatItHas() throws {
    try checkKit(
      """
      hold h-1 2:KIT          -> held                  held 4        held:CAP 2
      bundle KIT 1            -> bundle
      hold h-1 2:KIT          -> unchanged held
      hold h-2 1:KIT          -> held                  held 5        held:CAP 2
      edit h-1 -1:KIT         -> held                  held 3        held:CAP 1
      edit h-1 +1:KIT         -> held                  held 5        held:CAP 2
      bundle KIT              -> ordinary
      commit h-1 o-1 1:KIT    -> committed             committed 2   committed:CAP 1
      commit h-1 o-1 1:KIT    -> unchanged committed
      commit h-2 o-2 1:KIT    -> committed             committed 3   committed:CAP 1
      bundle KIT 3:CAP        -> bundle
      commit h-1 o-1 1:KIT    -> unchanged committed
      edit h-1 +1:KIT         -> holdEnded:committed
      """)
  }

  @Test func bundleThatCameLaterIsKept() throws {
    try checkKit(
      """
      hold h-1 1              -> held         held 1
      edit h-1 +1:KIT         -> held         held 3   held:CAP 1
      bundle KIT 1            -> bundle
      edit h-1 -1:KIT         -> held         held 1   held:CAP 0
      """)
  }

  /// Goal: a repeat is known though what it names has become a bundle since.
  @Test func ordinaryUnitsStayWhatTheyWere() throws {
    try checkKit(
      """
      receive 1:BIG           -> ok
      hold h-1 1:BIG          -> held
      commit h-1 o-1 1:BIG    -> committed             committed:BIG 1
      ship o-1 1              -> ok                    onHand:BIG 0
      bundle BIG 2            -> bundle                available:BIG 5
      commit h-1 o-1 1:BIG    -> unchanged committed
      hold h-1 1:BIG          -> unchanged committed
      """)
  }

  @Test func bundleHasNoStock() throws {
    try checkKit(
      """
      clear 1:KIT                                 -> bundle:noStock
      scrap 1 1:KIT                               -> bundle:noStock
      promotion p regular 1:KIT on=shopee to=9    -> bundle:noStock
      promotion p regular 1 on=shopee to=9        -> draft
      schedule p                                  -> active
      topUp p 1:KIT                               -> bundle:noStock    left%p 1
      return restock 1:KIT#L/9                    -> bundle:noStock
      sell o-1 1:KIT                              -> ok
      ship o-1 1                                  -> ok
      return restock 1:CAP#L/9 o-1 1              -> ok                lot:CAP%L 1   onHand:CAP 4
      bundle KIT                                  -> ordinary
      return restock 1:KIT#L/9 o-1 1              -> bundle:noStock    onHand:KIT 0  onHand:CAP 4
      """)
  }
}
