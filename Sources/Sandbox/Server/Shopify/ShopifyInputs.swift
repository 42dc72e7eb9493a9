/// What the fields of Shopify's schema accept, as far as the sandbox does what they say; anything else is refused.
///
/// - Note: Source: shopify.dev, Admin GraphQL API 2026-04, the mutations and input objects of these names.
enum ShopifyInputs {
  static let table: [String: [String: GraphInput]] = queries.merging(mutations) { $1 }

  private static let id: [String: GraphInput] = ["id": .scalar]
  private static let page: [String: GraphInput] = [
    "first": .scalar, "last": .scalar, "after": .scalar,
  ]
  private static let search = page.merging(["query": .scalar]) { $1 }

  private static let queries: [String: [String: GraphInput]] = [
    "QueryRoot.orders": search.merging(["sortKey": .scalar, "reverse": .scalar]) { $1 },
    "QueryRoot.order": id, "QueryRoot.productVariants": search, "QueryRoot.productVariant": id,
    "QueryRoot.products": page, "QueryRoot.product": id, "QueryRoot.inventoryItem": id,
    "QueryRoot.inventoryItems": search, "QueryRoot.inventoryLevel": id, "QueryRoot.location": id,
    "QueryRoot.locations": page, "QueryRoot.return": id, "QueryRoot.fulfillmentOrder": id,
    "QueryRoot.refund": id, "QueryRoot.node": id, "QueryRoot.nodes": ["ids": .list(.scalar)],
    "Order.lineItems": page, "Order.fulfillmentOrders": page, "Order.returns": page,
    "Order.fulfillments": ["first": .scalar], "Order.refunds": ["first": .scalar],
    "FulfillmentOrder.lineItems": page, "Fulfillment.fulfillmentLineItems": page,
    "Fulfillment.trackingInfo": ["first": .scalar], "Refund.refundLineItems": page,
    "Return.returnLineItems": page, "Return.reverseFulfillmentOrders": page, "Return.refunds": page,
    "ReverseFulfillmentOrder.lineItems": page, "Product.variants": page,
    "InventoryItem.inventoryLevels": page, "InventoryItem.inventoryLevel": ["locationId": .scalar],
    "InventoryLevel.quantities": ["names": .list(.scalar)],
  ]

  private static let mutations: [String: [String: GraphInput]] = [
    "Mutation.inventorySetQuantities": [
      "input": stock(
        "InventorySetQuantitiesInput", "quantities", "InventoryQuantityInput", ["quantity": .scalar]
      )
    ],
    "Mutation.inventoryAdjustQuantities": [
      "input": stock(
        "InventoryAdjustQuantitiesInput", "changes", "InventoryChangeInput",
        ["delta": .scalar, "ledgerDocumentUri": .scalar])
    ],
    "Mutation.inventoryActivate": ["inventoryItemId": .scalar, "locationId": .scalar],
    "Mutation.fulfillmentCreate": ["fulfillment": fulfilment, "message": .scalar],
    "Mutation.fulfillmentOrderLineItemsPreparedForPickup": [
      "input": .object(
        "FulfillmentOrderLineItemsPreparedForPickupInput",
        [
          "lineItemsByFulfillmentOrder": .objects(
            "PreparedFulfillmentOrderLineItemsInput", ["fulfillmentOrderId": .scalar])
        ])
    ],
    "Mutation.orderCancel": [
      "orderId": .scalar, "reason": .scalar, "restock": .scalar, "refund": .scalar,
      "refundMethod": .opaque, "notifyCustomer": .scalar, "staffNote": .scalar,
    ],
    "Mutation.refundCreate": ["input": refund],
    "Mutation.returnCreate": ["returnInput": returned],
    "Mutation.returnApproveRequest": [
      "input": .object("ReturnApproveRequestInput", ["id": .scalar, "notifyCustomer": .scalar])
    ],
    "Mutation.returnDeclineRequest": [
      "input": .object(
        "ReturnDeclineRequestInput",
        [
          "id": .scalar, "declineReason": .scalar, "declineNote": .scalar,
          "notifyCustomer": .scalar,
        ])
    ],
    "Mutation.returnClose": id,
    "Mutation.returnProcess": ["input": processing],
    "Mutation.reverseFulfillmentOrderDispose": [
      "dispositionInputs": .objects(
        "ReverseFulfillmentOrderDisposeInput",
        [
          "reverseFulfillmentOrderLineItemId": .scalar, "quantity": .scalar, "locationId": .scalar,
          "dispositionType": .scalar,
        ])
    ],
  ]

  private static func stock(
    _ type: String, _ list: String, _ entry: String, _ numbers: [String: GraphInput]
  ) -> GraphInput {
    let members: [String: GraphInput] = [
      "inventoryItemId": .scalar, "locationId": .scalar, "changeFromQuantity": .scalar,
    ]
    return .object(
      type,
      [
        "name": .scalar, "reason": .scalar, "referenceDocumentUri": .scalar,
        list: .objects(entry, members.merging(numbers) { $1 }),
      ])
  }

  private static let fulfilment = GraphInput.object(
    "FulfillmentInput",
    [
      "lineItemsByFulfillmentOrder": .objects(
        "FulfillmentOrderLineItemsInput",
        [
          "fulfillmentOrderId": .scalar,
          "fulfillmentOrderLineItems": .objects(
            "FulfillmentOrderLineItemInput", ["id": .scalar, "quantity": .scalar]),
        ]),
      "trackingInfo": .object(
        "FulfillmentTrackingInput", ["company": .scalar, "number": .scalar, "url": .scalar]),
      "notifyCustomer": .scalar, "originAddress": .opaque,
    ])

  private static let refund = GraphInput.object(
    "RefundInput",
    [
      "orderId": .scalar, "currency": .scalar, "note": .scalar, "notify": .scalar,
      "shipping": .opaque, "transactions": .opaque,
      "refundLineItems": .objects(
        "RefundLineItemInput",
        [
          "lineItemId": .scalar, "quantity": .scalar, "restockType": .scalar, "locationId": .scalar,
        ]),
    ])

  private static let returned = GraphInput.object(
    "ReturnInput",
    [
      "orderId": .scalar, "notifyCustomer": .scalar, "requestedAt": .scalar,
      "returnLineItems": .objects(
        "ReturnLineItemInput",
        [
          "fulfillmentLineItemId": .scalar, "quantity": .scalar, "returnReason": .scalar,
          "returnReasonNote": .scalar, "returnReasonDefinitionId": .scalar,
        ]),
    ])

  private static let processing = GraphInput.object(
    "ReturnProcessInput",
    [
      "returnId": .scalar, "notifyCustomer": .scalar, "financialTransfer": .opaque,
      "returnLineItems": .objects(
        "ReturnProcessReturnLineItemInput",
        [
          "id": .scalar, "quantity": .scalar,
          "dispositions": .objects(
            "ReturnLineItemDispositionInput",
            [
              "quantity": .scalar, "dispositionType": .scalar, "locationId": .scalar,
              "reverseFulfillmentOrderLineItemId": .scalar,
            ]),
        ]),
    ])
}
