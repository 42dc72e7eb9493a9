import Primitives
import Testing

@testable import PoolDomain

/// Units that were held without an allotment count against that of the channel which sells them.
@Suite struct LateAllotmentTests {
  @Test func saleCountsAgainstItsChannelsAllotment() throws {
    try check(
      onHand: 20,
      """
      promotion p regular 5 on=shopee to=100   -> draft
      schedule p                -> active       left%p 5    ats%lazada 15
      hold h-1 3                -> held         left%p 5    ats%lazada 12   ats%shopee 17
      commit h-1 o-1 on=shopee  -> committed    left%p 2    ats%lazada 15   ats%shopee 17
      commit h-1 o-1 on=shopee  -> unchanged committed
      cancel o-1 2              -> ok           left%p 4    ats%lazada 15   ats%shopee 19
      hold h-2 6                -> held         left%p 4    ats%lazada 9
      commit h-2 o-2 5 on=shopee -> committed   left%p 0    ats%lazada 14
      hold h-3 2                -> held
      commit h-3 o-3 on=shopee  -> committed    left%p 0    ats%lazada 12
      cancel o-3 2              -> ok           left%p 0    ats%lazada 14
      cancel o-2 5              -> ok           left%p 4    ats%lazada 15
      """
    )
  }

  @Test func otherSalesTakeNothing() throws {
    try check(
      onHand: 20,
      """
      promotion p regular 5 on=shopee to=100   -> draft
      schedule p                -> active
      hold h-1 1                -> held
      commit h-1 o-1 on=lazada  -> committed    left%p 5
      hold h-2 1                -> held
      commit h-2 o-2            -> committed    left%p 5
      hold h-3 2                -> held
      hold h-4 2 until=1000     -> held
      release h-3               -> released     left%p 5
      sell o-5 1:CAP            -> ok           left%p 5
      wait 100                  -> ok
      commit h-4 o-4 on=shopee  -> committed    left%p 5
      cancel o-4 2              -> ok           left%p 5
      """
    )
  }

  /// Goal: what was held before the promotion began is sold in it all the same; once it has ended, nothing goes back.
  @Test func holdOlderThanItsPromotion() throws {
    try check(
      onHand: 20,
      """
      promotion p restrict 5 on=shopee from=10 to=100   -> draft
      schedule p                -> scheduled
      hold h-1 2 on=shopee      -> held         left%p 5
      hold h-2 2                -> held         left%p 5
      wait 10                   -> ok           ats%shopee 5    ats%lazada 11
      commit h-1 o-1            -> committed    left%p 3        ats%lazada 13
      commit h-2 o-2 on=shopee  -> committed    left%p 1        ats%lazada 15
      wait 90                   -> ok           ats%lazada 16
      cancel o-2 2              -> ok           left%p 1        ats%lazada 18
      """
    )
  }

  /// Goal: a line that took all that was left when it was held keeps to that.
  @Test func lineThatTookKeepsWhatItTook() throws {
    try check(
      onHand: 20,
      """
      receive 9:CAP             -> ok
      promotion p regular 2 4:CAP on=shopee to=100   -> draft
      schedule p                -> active
      hold h-1 3 on=shopee      -> held         left%p 0
      topUp p 5                 -> active       left%p 5
      commit h-1 o-1            -> committed    left%p 5
      hold h-2 1 1 2:CAP        -> held
      commit h-2 o-2 on=shopee  -> committed    left%p 3    left:CAP%p 2
      """
    )
  }

  /// Goal: what is committed in two lines of one SKU takes no more than there is.
  @Test func linesShareWhatIsLeft() throws {
    try check(
      onHand: 20,
      """
      promotion p regular 3 on=shopee to=100   -> draft
      schedule p                -> active
      hold h-1 2@A 2@A 2@A      -> held
      commit h-1 o-1 on=shopee  -> committed    left%p 0
      cancel o-1 0 0 2          -> ok           left%p 0
      cancel o-1 0 1 2          -> ok           left%p 1
      cancel o-1 2 2 2          -> ok           left%p 3
      """
    )
  }
}
