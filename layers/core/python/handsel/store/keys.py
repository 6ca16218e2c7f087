"""The data model: the items of the table, its indexes and access patterns, and the functions that build keys.

The table has the partition key `pk`, the sort key `sk`, and three global secondary indexes. Each index projects keys only and
is sparse: it contains the items that have both of its key attributes.

| index       | partition key | sort key    | use                                                              |
|-------------|---------------|-------------|------------------------------------------------------------------|
| `by_owner`  | `owner_pk`    | `owner_sk`  | lists of a user; the shipments of a store by status              |
| `by_parent` | `parent_pk`   | `parent_sk` | lists of a store or an order; the gifts that a user received     |
| `by_due`    | `due_pk`      | `due_sk`    | work for the sweep, by the time when it is due; in shards        |

A list takes two calls: a Query of an index returns the keys, newest first, and a consistent BatchGetItem reads the items. Sort
keys of indexes begin with `time#id`. Times are milliseconds since the epoch; only `ttl` is in seconds.

A partition takes at most 1,000 WRU per second, so `by_due` spreads the entries of each kind over shards. The sweep queries every
shard of every kind once a minute, at 0.5 RRU each even if nothing is due. So only the kinds that every order or gift may write
have `DUE_SHARDS`. The others have `RARE_DUE_SHARDS`, which take 1,000 parcels per second: more than the write quota of a table.
`due_partition` and `list_due_partitions` know the number of shards of each kind.

Items. Words in lower case are placeholders: an ID such as `buyer`, or a time such as `created`. Index columns have the
partition key, then the sort key; in `by_due`, the sort key is the due time and the ID. "Written by" has the writers that
create the item, then after a semicolon those that only update it. Items that TTL deletes have the attribute `ttl`.

| item           | pk                               | sk                           | by_owner                                    | by_parent                                        | by_due                                  | written by                                                    | deleted                     |
|----------------|----------------------------------|------------------------------|---------------------------------------------|--------------------------------------------------|-----------------------------------------|---------------------------------------------------------------|-----------------------------|
| STORE          | STORE#store                      | STORE                        |                                             |                                                  |                                         | merchant                                                      | never                       |
| PRODUCT        | PRODUCT#product                  | PRODUCT                      |                                             | PRODUCTS#store, created#product                  |                                         | merchant, sample data; purchase and refund (stock)            | never                       |
| ACCOUNT        | USER#user                        | ACCOUNT                      |                                             |                                                  | ERASURES#shard while leaving, until erased; of a pseudonym, while its holdings are watched| sign-up, first authenticated request; its user, sweep (erasure)| never: a tombstone          |
| EXPORT         | USER#user                        | EXPORT                       |                                             |                                                  | EXPORTS#shard while pending             | its user; sweep                                               | erasure; the next one replaces it|
| HANDLE         | HANDLE#handle                    | HANDLE                       |                                             |                                                  |                                         | with the ACCOUNT that has the handle                          | TTL, after it was changed or its user erased|
| ORDER          | ORDER#order                      | ORDER                        | ORDERS#buyer, created#order                 |                                                  | PENDING#shard until payment is settled, then VOUCHERS#shard until the end | purchase; give, end of a gift, own use, refund, sweep         | never                       |
| GIFT           | GIFT#gift                        | GIFT                         | SENT#giver, sent#gift                       | GIFTS_OF#order, created#gift                     | WINDOWS#shard while open                | give; claim, end of a gift                                    | never                       |
| WINDOW         | WINDOW#gift                      | WINDOW                       |                                             |                                                  |                                         | give                                                          | TTL                         |
| RECEIVED       | USER#recipient                   | RECEIVED#gift                |                                             | RECEIVED#recipient, sent#gift                    |                                         | give to a named recipient                                     | erasure                     |
| HOLDING        | HOLDING#holding                  | HOLDING                      | HOLDINGS#holder, received#holding           | RECEIVED#holder, sent#gift if claimed by link    | EXTENDED#shard if it ends by itself     | claim, own use; redemption, return gift, extension, sweep     | never                       |
| REDEMPTION     | REDEMPTION#redemption            | REDEMPTION                   |                                             |                                                  |                                         | redemption; its undo                                          | never                       |
| SHIPMENT       | SHIPMENT#shipment                | SHIPMENT                     | SHIPMENTS_IN#store#status, created#shipment | SHIPMENTS#store, created#shipment                | UNSHIPPED#shard while ready to ship     | claim, own use; merchant, carrier, refund request, sweep      | never                       |
| ADDRESS        | SHIPMENT#shipment                | ADDRESS                      |                                             |                                                  |                                         | with its SHIPMENT; its holder, carrier, refund request        | TTL                         |
| USE            | USE#use                          | USE                          |                                             |                                                  |                                         | own use                                                       | never                       |
| REFUND         | REFUND#refund                    | REFUND                       |                                             |                                                  | REFUNDS#shard while pending             | refund                                                        | never                       |
| REFUND_REQUEST | REFUND_REQUEST#request           | REFUND_REQUEST               | REFUND_REQUESTS#asker, created#request      | STORE_REFUND_REQUESTS#store, created#request     | REFUND_REQUESTS#shard while it waits    | refund request; decision, return, sweep                       | never                       |
| CHARGE         | CHARGE#key                       | CHARGE                       |                                             |                                                  |                                         | sandbox payment provider                                      | never                       |
| PREDECESSOR    | GIFT#successor                   | PREDECESSOR                  |                                             | SECOND_PERSON#second, created#gift               |                                         | give, PUT of the end of a gift, with a second person          | PUT of another end; erasure of the second person|
| REGIFT_REQUEST | GIFT#gift                        | REGIFT_REQUEST#user          | REGIFT_REQUESTS#user, at#gift               |                                                  |                                         | regift request                                                | erasure of the user or the giver|
| REPORT         | GIFT#gift                        | REPORT#user                  | REPORTS_BY#user, at#gift                    |                                                  | REPORTS#shard until an operator closes it| who may see the gift; operator                                | TTL, after it was closed; erasure|
| LINK           | LINK#request                     | LINK                         |                                             |                                                  |                                         | a new link of a gift                                          | never                       |
| OPENED         | GIFT#gift                        | OPENED#user                  | OPENED_BY#user, at#gift                     |                                                  |                                         | the first opening of a gift to a group by a user              | erasure                     |
| RELATION       | USER#recipient                   | FROM#giver                   | BLOCKED#recipient, blocked#giver while blocked| GIVES_TO#giver, created#recipient                | BLOCKS#shard after a block, until it is settled| give to a named recipient or second person; its recipient blocks; sweep| unblocking, if it says nothing else; erasure of either|
| REMINDER       | GIFT#gift                        | REMINDER                     |                                             |                                                  | REMINDERS#shard until the last reminder | projector, sweep                                              | TTL                         |
| MESSAGE        | USER#user                        | MESSAGE#message              | MESSAGES#user, created#message              |                                                  |                                         | projector, sweep; its reader                                  | unread, by a cancellation; erasure|
| SUMMARY        | USER#user                        | SUMMARY                      |                                             |                                                  |                                         | projector, sweep; its user reads a message                    | never: a tombstone          |
| TALLY          | ORDER#order or SHIPMENT#shipment | TALLY                        |                                             |                                                  |                                         | projector                                                     | erasure                     |
| VOUCHER_EXPIRY | USER#user                        | VOUCHER_EXPIRY#until#holding |                                             |                                                  |                                         | projector                                                     | TTL                         |
| TAGGED         | USER#user                        | TAGGED#product               | TAGGED_BY#user, tagged#product#store        |                                                  |                                         | its user                                                      | its user; erasure           |
| BOUGHT         | USER#user                        | BOUGHT#product               |                                             |                                                  |                                         | projector                                                     | erasure                     |
| PREFERENCES    | USER#user                        | PREFERENCES                  |                                             |                                                  |                                         | its user views a product, switches recommendations; projector | never: a tombstone          |
| RELATED        | PRODUCT#product                  | RELATED                      |                                             |                                                  |                                         | projector                                                     | never                       |
| RANKING        | RANKING#shard                    | RANKING                      |                                             |                                                  |                                         | projector                                                     | never                       |
| ROLLOUT        | ROLLOUT                          | ROLLOUT                      |                                             |                                                  |                                         | operator                                                      | never                       |
| TEST_CLOCK     | TEST_CLOCK                       | TEST_CLOCK                   |                                             |                                                  |                                         | test clock                                                    | never                       |

- ORDER and GIFT have no `ttl`, because deleting one would lose units.
- WINDOW is a timer. It has no state and no personal data. Its deletion by TTL is only a signal to read the gift.
- ORDER is in `by_due` while it is pending, and after a cancellation until the provider has reported the outcome.
- ADDRESS is apart from SHIPMENT so that it can be erased earlier and no stream record of a shipment contains it. It is absent for
  every reader from its `ttl` on.
- SHIPMENT is in `by_due` until it leaves the store, is cancelled, or is reported as not shipped in time.
- ORDER is in `by_due` again once its vouchers are paid, at the next reminder or the end of their validity. A voucher that was
  extended, or whose redemption was undone, has an entry of its own.
- HANDLE has a `ttl` from the moment its user changed the handle. Until then others cannot have it, but its user can.
- PREDECESSOR leads from the id of a successor to the gift that is passed on. The successor's GIFT item is created when that gift
  expires.
- RELATION exists once a giver names a recipient, or the recipient blocks the giver. It has the times of the newest named gifts, and
  every named gift writes it under the condition that the giver is not blocked. It is in `by_due` after a block until the sweep
  has declined once more what the giver gave before.
- `sent` is the time from which on a gift can be claimed: its creation, unless it is scheduled. So the list of a giver has scheduled
  gifts first, and the list of a recipient begins at the present time.
- RECEIVED lists a gift for its named recipient. A gift that was claimed by link is listed by its HOLDING instead. The item of an earlier
  recipient stays, so that the erasure of that user finds the gift. It is in their list if the gift was sent before it was given to another one.
- LINK is the request that made a new link. A request that is repeated finds it, and makes no other one.
- The id of a voucher's HOLDING is derived from its code, so a voucher is found by key and codes are unique.
- REDEMPTION is append-only. Its id is derived from the till's request, so a request that is repeated finds it. The HOLDING of a
  redeemed voucher has the id of its redemption.
- The name of a store, and whether its products can be given, are in STORE only. STORE is read together with PRODUCT.
- SUMMARY is the sum of its user's tallies (TALLY, VOUCHER_EXPIRY) and unread messages. One transaction writes it
  together with the tallies and messages that changed. Counts that change with time alone are computed when it is read.
- PREFERENCES is one item of at most 50 products per user: one write erases the viewing history, and reading costs the same
  for every user. BOUGHT is kept longer, so that products bought long ago are not recommended again. RELATED and RANKING
  contain counts of users, but no user IDs.
- ACCOUNT, SUMMARY and PREFERENCES of an erased user stay as tombstones, so that late stream records bring nothing back. What is kept
  of the user belongs to the pseudonym, which has the same three items. All other items in the partition of the user are deleted.
- ROLLOUT exists once an operator has changed a rollout. Functions only read it, and each process keeps a copy for 30 seconds.

Access patterns. Costs are read and write request units (RRU, WRU) for items of up to 1 KB. A transaction costs twice as much;
each index entry adds 1 WRU per write.

|  # | access pattern                                                     | operation                                                          | function                                            | cost                                                              |
|---:|--------------------------------------------------------------------|--------------------------------------------------------------------|-----------------------------------------------------|-------------------------------------------------------------------|
|  1 | get an order, gift, holding or product                             | GetItem, consistent                                                | `Table.get`                                         | 1 RRU                                                             |
|  2 | get an order and the gifts it has reservations for                 | GetItem; BatchGetItem of at most 50                                | `orders.get`, `gifts.get_many`                      | 1 + gifts RRU                                                     |
|  3 | read all items that a request needs to create an entity            | one BatchGetItem                                                   | `Table.get_many`                                    | 1 RRU per item                                                    |
|  4 | create an order                                                    | Put ORDER if absent (+ Update PRODUCT if its stock is limited)     | `orders.create_pending`                             | 3 WRU (7 with stock)                                              |
|  5 | settle or cancel a payment                                         | Update ORDER if pending (decline, cancel: transaction that also updates PRODUCT, HOLDING) | `orders.pay`, `orders.decline`, `orders.cancel`     | 2 WRU                                                             |
|  6 | give                                                               | transaction: Update ORDER if it has enough available units; Put GIFT, WINDOW (+ RECEIVED) if absent | `gifts.give`                                        | 9 WRU (12 to a named recipient)                                   |
|  7 | claim a share                                                      | transaction: Update GIFT if open; Put HOLDING (+ SHIPMENT, ADDRESS) if absent | `gifts.claim`                                       | 7 WRU (14 for a parcel)                                           |
|  8 | end a gift                                                         | transaction: Update GIFT if open, ORDER if it has the reservation (refund: get ORDER, Put REFUND, Update PRODUCT if its stock is limited; successor: Put GIFT, WINDOW, RECEIVED) | `gifts.end_gift`                                    | 5 WRU (refund: 1 RRU, 8 WRU; successor: 17 WRU)                   |
|  9 | use units                                                          | transaction: Update ORDER if it has enough available units; Put USE, HOLDINGs (+ SHIPMENT, ADDRESS) if absent | `own_use.use`                                       | 4 WRU + 3 per voucher (14 for a parcel)                           |
| 10 | create the order of a return gift                                  | transaction: Put ORDER if absent; Update HOLDING if it has no return gift | `orders.create_pending`                             | 6 WRU                                                             |
| 11 | pay a return gift                                                  | transaction: Update ORDER if pending; Put GIFT, WINDOW, RECEIVED if absent | `gifts.give_paid`                                   | 14 WRU                                                            |
| 12 | refund available units                                             | transaction: Update ORDER if it has enough available units; Put REFUND if absent (+ Update PRODUCT if its stock is limited) | `refunds.create_pending`                            | 5 WRU (7 with stock)                                              |
| 13 | settle a refund                                                    | Update REFUND if pending (with a request: transaction that also updates REFUND_REQUEST) | `refunds.settle`                                    | 2 WRU                                                             |
| 14 | list the entities of an owner or a parent, newest first            | Query of the index; BatchGetItem                                   | `lists.get_page`                                    | 0.5 + items RRU                                                   |
| 15 | list a store's products or shipments (of one status), newest first | as 14, by `by_parent`; of one status, by `by_owner`; shipments with their ADDRESSes | `products.list_by_store`, `shipments.list_by_store` | 0.5 + items RRU                                                   |
| 16 | read a product with the current data of its store                  | BatchGetItem of PRODUCT and STORE; two reads if the store is not known yet | `products.get_with`, `products.get_current`         | 2 RRU                                                             |
| 17 | get a voucher by its code                                          | GetItem of the HOLDING whose id is derived from the code           | `holdings.get`                                      | 1 RRU                                                             |
| 18 | redeem a voucher                                                   | transaction: Update HOLDING if it is usable; Put REDEMPTION if absent | `redemptions.build_create`                          | 4 WRU                                                             |
| 19 | change a shipment                                                  | Update SHIPMENT if its version is unchanged (address, final status: transaction with Update ADDRESS) | `shipments.save`                                    | 1 WRU (3 if the status changes; 4 with the address)               |
| 20 | put a store                                                        | Put if absent, else Update                                         | `stores.upsert`                                     | 2 WRU                                                             |
| 21 | create a regift request                                            | Put REGIFT_REQUEST if absent                                       | `gift_answers.create_regift_request`                | 1 WRU                                                             |
| 22 | count the open gifts of a giver, up to the limit of 100            | Query of `by_owner`, newest 100; BatchGetItem if there are 100; at most 5 pages | `gifts.list_sent_ids_since`                         | 0.5 RRU, at most 250                                              |
| 23 | list the entries that are due                                      | Query of `by_due` for each shard, earliest first                   | `Table.query_earliest`                              | 0.5 RRU per shard                                                 |
| 24 | create an account                                                  | GetItem; transaction: Put ACCOUNT if absent, HANDLE if absent or freed (without a handle: Put ACCOUNT) | `accounts.create`                                   | 0.5 RRU, 4 WRU (1 without a handle)                               |
| 25 | change an account                                                  | GetItem, consistent; Update ACCOUNT if it is unchanged (handle: transaction with Put HANDLE if absent or freed, Update HANDLE; recommendations: with Update PREFERENCES) | `accounts.save`                                     | 1 RRU, 1 WRU (6 with the handle, at least 4 with recommendations) |
| 26 | read the counters of an order center                               | GetItem SUMMARY; Query with COUNT of the VOUCHER_EXPIRY items of vouchers that expired today | `summaries.get`, `summaries.count_expired_today`    | 1.5 RRU                                                           |
| 27 | read an order center                                               | five Queries, pattern 26 and the first read of pattern 36, concurrently; BatchGetItem of the first entries and candidates; BatchGetItem of the items they refer to | `use_cases.order_center`                            | 10 + items RRU                                                    |
| 28 | deliver messages and update counters                               | GetItem SUMMARY; BatchGetItem; transaction: SUMMARY if its version is unchanged, MESSAGE if absent (cancellation: Delete unread MESSAGEs), TALLYs; BatchGetItem of the counted items again | `summaries.save`                                    | 1 + items + counted items RRU; 2 WRU + 2 per tally + 3 per message |
| 29 | mark a message as read                                             | 2 GetItem; transaction: Update MESSAGE if unread, SUMMARY if its version is unchanged | `messages.mark_read`                                | 2 RRU, 4 WRU                                                      |
| 30 | schedule a reminder                                                | Put REMINDER if absent; Update REMINDER if it is due               | `reminders.set_first`, `reminders.set_next`         | 2 WRU each                                                        |
| 31 | find a user by handle                                              | GetItem HANDLE, then ACCOUNT, consistent                           | `accounts.get_by_handle`                            | 2 RRU                                                             |
| 32 | list the users who exchanged gifts with a user                     | as 14 for the newest 100 sent and 100 received gifts, concurrently; BatchGetItem of ACCOUNTs | `use_cases.accounts.people`                         | 1 + gifts + users RRU                                             |
| 33 | tag or untag a product                                             | GetItem PRODUCT; Put TAGGED if absent, Delete if it exists         | `tags.create`, `tags.delete`                        | 1 RRU, 2 WRU                                                      |
| 34 | list a user's tagged products, newest first                        | Query of `by_owner`; one BatchGetItem of TAGGED, PRODUCT, STORE    | `tags.list_by_user`                                 | 0.5 RRU + 2 to 3 per entry                                        |
| 35 | record a view                                                      | GetItem PREFERENCES; Put, or Update if its version is unchanged | `preferences.save`                                  | 1 to 3 RRU, 1 to 9 WRU                                            |
| 36 | list viewed or recommended products                                | BatchGetItem of PREFERENCES and 4 RANKINGs; BatchGetItem of PRODUCT, STORE (TAGGED, BOUGHT) for 25 products | `Table.get_many`                                    | 5 RRU + 2 to 4 per entry                                          |
| 37 | update preferences                                                 | BatchGetItem of PREFERENCES (TAGGED); of RELATED and PRODUCT for at most 12 products, eventually consistent; Query of `by_parent` for the newest 15 products of at most 3 stores; Put PREFERENCES, or Update if its version is unchanged | `preferences.save`                                  | 20 RRU, 9 WRU                                                     |
| 38 | count a user for a product                                         | BatchGetItem of at most 6 RELATED; for each Put, or Update if its version is unchanged; RANKING likewise, if the popularity changed by 10 % | `preferences.save`                                  | 8 RRU, 20 WRU                                                     |
| 39 | measure overdue work                                               | as 23, one entry per kind and shard                                | `health.collect_health`                             | 0.5 RRU per shard and kind                                        |
| 40 | check some orders with their gifts and holdings                    | as 23 for one shard; as 14 for the orders of the givers and the gifts of each order; BatchGetItem of gifts and holdings | `health.collect_health`                             | 1 + items RRU per order, at most 50 orders                        |
| 41 | read the whole table (operators only)                              | Scan, consistent, in segments                                      | `ops.scan.WholeTable.pages`                         | 1 RRU per item                                                    |
| 42 | find the gifts that are open although their timers were deleted    | BatchGetItem of at most 100, eventually consistent                 | `expiring.expire_gifts`                             | 0.5 RRU per gift                                                  |
| 43 | put a product                                                      | BatchGetItem of PRODUCT and STORE; Put if absent, else Update if it belongs to the store (with If-Match: if it is unchanged); if another user wrote the store last, transaction with Update STORE | `products.create`, `products.update_details`, `products.replace` | 2 RRU, 1 WRU (2 if new)                                           |
| 44 | change the stock of a product                                      | transaction with a ClientRequestToken: Update PRODUCT if the sum is within its bounds; BatchGetItem of PRODUCT and STORE | `products.add_stock`                                | 2 RRU, 2 WRU                                                      |
| 45 | read the rollout, every 30 seconds in each process                 | in a BatchGetItem of the call, else GetItem                        | `rollout.get_many`, `rollout.get_current`           | 1 RRU per 4 KB                                                    |
| 46 | change the rollout (operators only)                                | GetItem; Put ROLLOUT if absent, or Update if its version is unchanged | `rollout.save`                                      | 1 RRU, 1 WRU per KB                                               |
| 47 | change what happens at the end of a gift                           | transaction: Update GIFT if open and its end is unchanged, ORDER if it has the reservation (second person: Put, Delete PREDECESSOR) | `gifts.set_at_end`                                  | 4 WRU                                                             |
| 48 | get a gift, or a successor that is not stored yet                  | GetItem; if it is missing, GetItem PREDECESSOR and GIFT                                                                  | `gifts.find`                                        | 1 to 3 RRU                                                        |
| 49 | read the time of a stack with a test clock                         | GetItem, consistent                                                | `test_clock.get_offset`                             | 1 RRU                                                             |
| 50 | advance the test clock                                             | as 23; transaction with a ClientRequestToken: Put TEST_CLOCK if its offset is unchanged| `test_clock.advance`                                | 0.5 RRU per shard and kind, 2 WRU                                 |
| 51 | undo a redemption                                                  | BatchGetItem of HOLDING and REDEMPTION; transaction with a ClientRequestToken: Update HOLDING if this is its redemption, REDEMPTION if it is not undone and not too old | `redemptions.undo`                                  | 2 RRU, 4 WRU (5 with a limited validity)                          |
| 52 | get a shipment with its address                                    | BatchGetItem of SHIPMENT and ADDRESS                               | `shipments.get_addresses`                           | 2 RRU                                                             |
| 53 | report that a parcel is not shipped in time                        | 2 GetItem of SHIPMENT and STORE; Update SHIPMENT if its version is unchanged | `shipments.report_not_shipped`                      | 2 RRU, 2 WRU                                                      |
| 54 | remind the holders of vouchers                                     | BatchGetItem of ORDERs, of GIFTs and USEs, of HOLDINGs, for 100 timers together; as 28 with a check of each HOLDING; Update ORDER or HOLDING if its timer is due | `voucher_ends.settle_order`, `voucher_ends.settle_voucher` | as 28, and 1 RRU per item, 3 WRU |
| 55 | end the vouchers of an order, or one voucher                       | as 54; Query of `by_parent` if a gift of the order has ended; transaction: Update ORDER if its counters and its timer are unchanged, HOLDINGs if usable; Put REFUND if absent (+ Update PRODUCT if its stock is limited) | `voucher_ends.settle_order`, `voucher_ends.settle_voucher` | 1 RRU per item, 6 WRU + 2 per voucher |
| 56 | extend a voucher                                                   | GetItem; Update HOLDING if it is usable and was not extended | `holdings.extend` | 1 RRU, 3 WRU |
| 57 | ask for the erasure of an account, or keep it                     | GetItem; Update ACCOUNT if it is active, or leaving                | `erasures.leave`, `erasures.keep`                   | 1 RRU, 2 WRU                                                      |
| 58 | erase a user: the account                                          | transaction: Update ACCOUNT if leaving and due; Put ACCOUNT, SUMMARY, PREFERENCES of the pseudonym; Update at most 11 HANDLEs | `erasures.erase`                                    | 12 WRU + 2 per handle                                             |
| 59 | erase a user: all other items                                      | Query of the partition, consistent; as 14 for each list of the user; for each item its GetItem, its Update or Delete | `operations.erasing`                                | 2 to 3 RRU and 2 to 12 WRU per item                               |
| 60 | ask for a refund of what is claimed or used                        | BatchGetItem of HOLDING and REFUND_REQUEST, then of ORDER (SHIPMENT); transaction: Update HOLDING if it is not used, refunded or requested, Put REFUND_REQUEST if absent, check or Update SHIPMENT if unchanged; refunded at once: Update ORDER, Put REFUND (+ Update PRODUCT) | `asking.ask`                                        | 4 to 5 RRU; 16 WRU (voucher), 23 (parcel), 9 (delivered goods)    |
| 61 | withdraw a refund request                                          | GetItem; Update REFUND_REQUEST if its version is unchanged         | `asking.withdraw`                                   | 1 RRU, 2 WRU                                                      |
| 62 | decide a refund request, send goods back, let its time pass        | as 61, with its entry in `by_due`                                  | `steps.take_step`, `steps.settle_due`               | 1 RRU, 3 WRU                                                      |
| 63 | refund goods that came back, or that the holder keeps              | GetItem; BatchGetItem of ORDER and HOLDING; transaction: Update REFUND_REQUEST if its version is unchanged, HOLDING if it is not refunded, ORDER; Put REFUND if absent; then pattern 13 | `steps.take_step`, `steps.settle_due`               | 4 RRU, 15 WRU                                                     |
| 64 | list the refund requests of a user or a store                      | as 14; for a store BatchGetItem of the HOLDINGs, too               | `listing.list_own`, `listing.list_for_store`        | 0.5 + 1 (2) per request RRU                                       |
| 65 | list the refund requests that are held (operators only)            | as 41, with a filter                                               | `ops.held.list_held`                                | 1 RRU per item                                                    |
| 66 | export the data of a user                                          | GetItem; Put EXPORT if absent, or if it is the one that was read; Update EXPORT if pending; the reads of all lists of the user | `exports.build_put`, `exports.mark_ready`           | 1 RRU, 4 WRU + the reads of the lists                             |
| 67 | make a new link of a gift                                          | BatchGetItem of GIFT and LINK; transaction: Update GIFT if open, with this link and no recipient, Put LINK if absent | `gift_changes.renew_link`                           | 2 RRU, 6 WRU                                                      |
| 68 | change the recipient of a gift                                     | BatchGetItem of GIFT, ACCOUNT, RELATION; transaction: Update GIFT if open, with this link or recipient and this end; Put RECEIVED if absent; Put RELATION, or Update if it is unchanged and not blocked (scheduled: Update the earlier RECEIVED) | `gift_changes.change_recipient`                     | 3 RRU, 10 WRU                                                     |
| 69 | extend the claim window of a gift                                  | GetItem; transaction: Update GIFT if open, with this end; Update ORDER if it has the reservation; Put WINDOW of this gift | `gift_changes.extend`                               | 1 RRU, 10 WRU                                                     |
| 70 | remind the recipient of a gift                                     | GetItem; Update GIFT if open and sent, with this recipient and these reminders | `gift_changes.remind`                               | 1 RRU, 2 WRU                                                      |
| 71 | mark a gift as opened                                              | BatchGetItem of GIFT and ACCOUNT; Update GIFT if open and not opened (a group: transaction with Put OPENED if absent) | `gift_answers.mark_opened`                          | 2 RRU, 2 WRU (a group 7)                                          |
| 72 | thank for a gift                                                   | GetItem; transaction: Update GIFT if the claim has no thanks, HOLDING | `gift_answers.thank`                                | 1 RRU, 6 WRU                                                      |
| 73 | announce a scheduled gift when it opens                            | GetItem of GIFT and REMINDER; pattern 28 with a check that the gift is open and for this recipient; pattern 30                 | `reminders.get_due`, `reminders.set_next`           | as 28 and 30, 2 RRU                                               |
| 74 | block a giver                                                      | BatchGetItem; Update RELATION if not blocked; Query of the partition of the recipient (RECEIVED); Query of `by_parent` (SECOND_PERSON); BatchGetItem of these gifts; patterns 8 and 47 for each open one of the giver; the sweep does it again | `relations.build_block`                             | 3 + gifts RRU, 4 WRU                                              |
| 75 | report a gift                                                      | Put REPORT if absent                                               | `reports.create`                                    | 3 WRU                                                             |
| 76 | read what a recipient decided about a giver                        | in the BatchGetItem of the call                                    | `consent.list_keys`                                 | 1 RRU                                                             |
| 77 | count a named gift                                                 | in the transaction of the gift: Update RELATION if the giver is not blocked and no other gift was counted since | `relations.build_gift_write`                        | 2 WRU (4 if new)                                                  |
| 78 | find out whether two users exchanged gifts                         | as 14 for the sent gifts of one and the received gifts of the other, in both directions, until one of the two lists ends | `relations.have_exchanged`                          | 1 RRU per gift                                                    |
| 79 | end a block                                                        | GetItem; Update or Delete RELATION if it is unchanged              | `relations.build_unblock`                           | 1 RRU, 2 WRU                                                      |
| 80 | read the timeline of a gift                                        | GetItem; BatchGetItem of ACCOUNTs and HOLDINGs of its claims (of a group for a claimer: OPENED), then of the ORDERs of return gifts | `timelines.get_timeline`                            | 1 RRU + 2 to 3 per claim                                          |
| 81 | list who asks for an expired gift again                            | Query of the partition of the gift, consistent; BatchGetItem of at most 100 REGIFT_REQUESTs, then of ACCOUNTs | `gift_answers.list_regift_requests`                 | 1 RRU + 2 per user                                                |
| 80 | list the reports that wait (operators only)                        | as 23; BatchGetItem of REPORTs and GIFTs                           | `reports.list_open`                                 | 2 RRU per report                                                  |
| 81 | close a report (operators only)                                    | Update REPORT if it is not closed                                  | `reports.build_close`                               | 2 WRU                                                             |
| 82 | delete a message                                                   | 2 GetItem; Update MESSAGE if it is unchanged (unread: transaction with SUMMARY if its version is unchanged) | `messages.delete`                                   | 2 RRU, 2 WRU (6 if unread)                                        |

docs/reference/request_units.md has the measured calls and request units of each operation.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from handsel.domain import errors

SEPARATOR = "#"
# The maximum length of an id, in characters.
MAX_PART = 128
DUE_SHARDS = 16
# Of the kinds in `_RARE`.
RARE_DUE_SHARDS = 2
RANKING_SHARDS = 4


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str

    def attributes(self) -> dict[str, dict[str, str]]:
        """Return the key as DynamoDB attribute values."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


class Index(NamedTuple):
    """A global secondary index: its name, and the attributes that are its partition key and sort key."""

    name: str
    pk: str
    sk: str


BY_OWNER = Index("by_owner", "owner_pk", "owner_sk")
BY_PARENT = Index("by_parent", "parent_pk", "parent_sk")
BY_DUE = Index("by_due", "due_pk", "due_sk")


def is_valid_key_part(part: str) -> bool:
    """Return whether an id can be part of a key."""
    return 0 < len(part) <= MAX_PART and SEPARATOR not in part and part.isascii() and part.isprintable()


def _join(prefix: str, *parts: str) -> str:
    """Return `PREFIX#part#part`. Different parts give different results, because no part is empty or contains a separator.

    Raises:
        NotFound: a part is not valid, so no item can have this key.
    """
    for part in parts:
        if not is_valid_key_part(part):
            raise errors.NotFound
    return SEPARATOR.join((prefix, *parts))


# --- primary keys of items, in the order of the table of items --------------------------------------------------------


def store(store_id: str) -> Key:
    """Return the key of a STORE item."""
    return Key(_join("STORE", store_id), "STORE")


def product(product_id: str) -> Key:
    """Return the key of a PRODUCT item."""
    return Key(_join("PRODUCT", product_id), "PRODUCT")


def account(user_id: str) -> Key:
    """Return the key of an ACCOUNT item."""
    return Key(_join("USER", user_id), "ACCOUNT")


def handle(name: str) -> Key:
    """Return the key of a HANDLE item."""
    return Key(_join("HANDLE", name), "HANDLE")


def order(order_id: str) -> Key:
    """Return the key of an ORDER item."""
    return Key(_join("ORDER", order_id), "ORDER")


def gift(gift_id: str) -> Key:
    """Return the key of a GIFT item."""
    return Key(_join("GIFT", gift_id), "GIFT")


def window(gift_id: str) -> Key:
    """Return the key of a WINDOW item."""
    return Key(_join("WINDOW", gift_id), "WINDOW")


def received(user_id: str, gift_id: str) -> Key:
    """Return the key of a RECEIVED item."""
    return Key(_join("USER", user_id), _join("RECEIVED", gift_id))


def predecessor(gift_id: str) -> Key:
    """Return the key of the PREDECESSOR item of a successor."""
    return Key(_join("GIFT", gift_id), "PREDECESSOR")


def holding(holding_id: str) -> Key:
    """Return the key of a HOLDING item."""
    return Key(_join("HOLDING", holding_id), "HOLDING")


def redemption(redemption_id: str) -> Key:
    """Return the key of a REDEMPTION item."""
    return Key(_join("REDEMPTION", redemption_id), "REDEMPTION")


def shipment(shipment_id: str) -> Key:
    """Return the key of a SHIPMENT item."""
    return Key(_join("SHIPMENT", shipment_id), "SHIPMENT")


def address(shipment_id: str) -> Key:
    """Return the key of an ADDRESS item."""
    return Key(_join("SHIPMENT", shipment_id), "ADDRESS")


def use(use_id: str) -> Key:
    """Return the key of a USE item."""
    return Key(_join("USE", use_id), "USE")


def refund(refund_id: str) -> Key:
    """Return the key of a REFUND item."""
    return Key(_join("REFUND", refund_id), "REFUND")


def refund_request(refund_request_id: str) -> Key:
    """Return the key of a REFUND_REQUEST item."""
    return Key(_join("REFUND_REQUEST", refund_request_id), "REFUND_REQUEST")


def charge(key: str) -> Key:
    """Return the key of a CHARGE item."""
    return Key(_join("CHARGE", key), "CHARGE")


def regift_request(gift_id: str, user_id: str) -> Key:
    """Return the key of a REGIFT_REQUEST item."""
    return Key(_join("GIFT", gift_id), _join("REGIFT_REQUEST", user_id))


def report(gift_id: str, user_id: str) -> Key:
    """Return the key of a REPORT item."""
    return Key(_join("GIFT", gift_id), _join("REPORT", user_id))


def link(request_id: str) -> Key:
    """Return the key of a LINK item."""
    return Key(_join("LINK", request_id), "LINK")


def opened(gift_id: str, user_id: str) -> Key:
    """Return the key of an OPENED item."""
    return Key(_join("GIFT", gift_id), _join("OPENED", user_id))


def relation(recipient_id: str, giver_id: str) -> Key:
    """Return the key of a RELATION item."""
    return Key(_join("USER", recipient_id), _join("FROM", giver_id))


def reminder(gift_id: str) -> Key:
    """Return the key of a REMINDER item."""
    return Key(_join("GIFT", gift_id), "REMINDER")


def message(user_id: str, message_id: str) -> Key:
    """Return the key of a MESSAGE item."""
    return Key(_join("USER", user_id), _join("MESSAGE", message_id))


def summary(user_id: str) -> Key:
    """Return the key of a SUMMARY item."""
    return Key(_join("USER", user_id), "SUMMARY")


def tally(counted: Key) -> Key:
    """Return the key of the TALLY item of an order or a shipment."""
    return Key(counted.pk, "TALLY")


# A validity without an end sorts after all others.
_NEVER = 10**13 - 1


def voucher_expiry(user_id: str, valid_until: int | None, holding_id: str) -> Key:
    """Return the key of a VOUCHER_EXPIRY item, the tally of a voucher. The items of a user sort by end of validity."""
    until = _NEVER if valid_until is None else valid_until
    return Key(_join("USER", user_id), _join("VOUCHER_EXPIRY", f"{until:013d}", holding_id))


def voucher_expiry_range(user_id: str, since: int, until: int) -> tuple[Key, Key]:
    """Return the first and the last key of vouchers whose validity ends from `since` to `until`, both inclusive."""
    pk = _join("USER", user_id)
    return Key(pk, f"VOUCHER_EXPIRY#{since:013d}"), Key(pk, f"VOUCHER_EXPIRY#{until + 1:013d}")


def export(user_id: str) -> Key:
    """Return the key of an EXPORT item."""
    return Key(_join("USER", user_id), "EXPORT")


def test_clock() -> Key:
    """Return the key of the TEST_CLOCK item."""
    return Key("TEST_CLOCK", "TEST_CLOCK")


def tagged(user_id: str, product_id: str) -> Key:
    """Return the key of a TAGGED item."""
    return Key(_join("USER", user_id), _join("TAGGED", product_id))


def bought(user_id: str, product_id: str) -> Key:
    """Return the key of a BOUGHT item."""
    return Key(_join("USER", user_id), _join("BOUGHT", product_id))


def preferences(user_id: str) -> Key:
    """Return the key of a PREFERENCES item."""
    return Key(_join("USER", user_id), "PREFERENCES")


def related(product_id: str) -> Key:
    """Return the key of a RELATED item."""
    return Key(_join("PRODUCT", product_id), "RELATED")


def rankings() -> list[Key]:
    """Return the keys of all RANKING items."""
    return [Key(f"RANKING#{shard:02d}", "RANKING") for shard in range(RANKING_SHARDS)]


def ranking(product_id: str) -> Key:
    """Return the key of the RANKING item that a product is in."""
    return rankings()[sum(product_id.encode()) % RANKING_SHARDS]


def rollout() -> Key:
    """Return the key of the ROLLOUT item."""
    return Key("ROLLOUT", "ROLLOUT")


# --- partitions of the indexes ----------------------------------------------------------------------------------------


def orders_by_buyer(user_id: str) -> str:
    """Return the partition of `by_owner` with the orders of a buyer."""
    return _join("ORDERS", user_id)


def gifts_by_giver(user_id: str) -> str:
    """Return the partition of `by_owner` with the gifts that a user gave."""
    return _join("SENT", user_id)


def holdings_by_holder(user_id: str) -> str:
    """Return the partition of `by_owner` with the holdings of a user."""
    return _join("HOLDINGS", user_id)


def messages_by_user(user_id: str) -> str:
    """Return the partition of `by_owner` with the inbox of a user."""
    return _join("MESSAGES", user_id)


def tags_by_user(user_id: str) -> str:
    """Return the partition of `by_owner` with the tagged products of a user."""
    return _join("TAGGED_BY", user_id)


def shipments_by_status(store_id: str, status: str) -> str:
    """Return the partition of `by_owner` with the shipments of a store in a status."""
    return _join("SHIPMENTS_IN", store_id, status)


def refund_requests_by_asker(user_id: str) -> str:
    """Return the partition of `by_owner` with the refund requests of the user who asked."""
    return _join("REFUND_REQUESTS", user_id)


def gifts_by_recipient(user_id: str) -> str:
    """Return the partition of `by_parent` with the gifts that a user received."""
    return _join("RECEIVED", user_id)


def gifts_by_order(order_id: str) -> str:
    """Return the partition of `by_parent` with the gifts of an order."""
    return _join("GIFTS_OF", order_id)


def products_by_store(store_id: str) -> str:
    """Return the partition of `by_parent` with the products of a store."""
    return _join("PRODUCTS", store_id)


def shipments_by_store(store_id: str) -> str:
    """Return the partition of `by_parent` with the shipments of a store."""
    return _join("SHIPMENTS", store_id)


def reports_by_user(user_id: str) -> str:
    """Return the partition of `by_owner` with the reports that a user made."""
    return _join("REPORTS_BY", user_id)


def regift_requests_by_user(user_id: str) -> str:
    """Return the partition of `by_owner` with the regift requests of a user."""
    return _join("REGIFT_REQUESTS", user_id)


def openings_by_user(user_id: str) -> str:
    """Return the partition of `by_owner` with the gifts to groups that a user opened."""
    return _join("OPENED_BY", user_id)


def blocked_by_user(user_id: str) -> str:
    """Return the partition of `by_owner` with the relations to the givers that a user blocked."""
    return _join("BLOCKED", user_id)


def relations_by_giver(user_id: str) -> str:
    """Return the partition of `by_parent` with the relations of which a user is the giver."""
    return _join("GIVES_TO", user_id)


def gifts_by_second_person(user_id: str) -> str:
    """Return the partition of `by_parent` with the gifts that are passed on to a user if nobody claims them."""
    return _join("SECOND_PERSON", user_id)


def refund_requests_by_store(store_id: str) -> str:
    """Return the partition of `by_parent` with the refund requests about goods and vouchers of a store."""
    return _join("STORE_REFUND_REQUESTS", store_id)


def due_gifts(shard: int) -> str:
    """Return the partition of `by_due` with open gifts by the end of their claim window."""
    return f"WINDOWS#{shard:02d}"


def due_orders(shard: int) -> str:
    """Return the partition of `by_due` with pending orders."""
    return f"PENDING#{shard:02d}"


def due_refunds(shard: int) -> str:
    """Return the partition of `by_due` with pending refunds."""
    return f"REFUNDS#{shard:02d}"


def due_reminders(shard: int) -> str:
    """Return the partition of `by_due` with reminders by their next time."""
    return f"REMINDERS#{shard:02d}"


def due_refund_requests(shard: int) -> str:
    """Return the partition of `by_due` with refund requests by the time that they wait for."""
    return f"REFUND_REQUESTS#{shard:02d}"


def due_vouchers(shard: int) -> str:
    """Return the partition of `by_due` with orders of vouchers by the next reminder or the end of their validity."""
    return f"VOUCHERS#{shard:02d}"


def due_extended(shard: int) -> str:
    """Return the partition of `by_due` with vouchers that have an end of validity of their own."""
    return f"EXTENDED#{shard:02d}"


def due_unshipped(shard: int) -> str:
    """Return the partition of `by_due` with shipments by the time until which they have to leave the store."""
    return f"UNSHIPPED#{shard:02d}"


def due_erasures(shard: int) -> str:
    """Return the partition of `by_due` with accounts by the time at which they are erased."""
    return f"ERASURES#{shard:02d}"


def due_exports(shard: int) -> str:
    """Return the partition of `by_due` with exports that are to be written."""
    return f"EXPORTS#{shard:02d}"


def due_blocks(shard: int) -> str:
    """Return the partition of `by_due` with blocks whose gifts are to be declined."""
    return f"BLOCKS#{shard:02d}"


def due_reports(shard: int) -> str:
    """Return the partition of `by_due` with reports that wait for an operator, by the time at which they were made."""
    return f"REPORTS#{shard:02d}"


# Entries that few orders and gifts have, or that are written when few others are.
_RARE = frozenset(
    {due_refund_requests, due_extended, due_unshipped, due_erasures, due_exports, due_blocks, due_reports}
)


def count_due_shards(partition: Callable[[int], str]) -> int:
    """Return over how many shards of `by_due` a kind of entry is spread."""
    return RARE_DUE_SHARDS if partition in _RARE else DUE_SHARDS


def due_shard(entity_id: str, shards: int) -> int:
    """Return the shard of `by_due` that an entity belongs to: the same for every call with this id, and evenly spread."""
    return sum(entity_id.encode()) % shards


def due_partition(partition: Callable[[int], str], entity_id: str) -> str:
    """Return the partition of `by_due` with an entity's entry of a kind, such as `due_gifts`."""
    return partition(due_shard(entity_id, count_due_shards(partition)))


def list_due_partitions(partition: Callable[[int], str]) -> list[str]:
    """Return all partitions of `by_due` with a kind of entry."""
    return [partition(shard) for shard in range(count_due_shards(partition))]


# --- sort keys of the indexes -----------------------------------------------------------------------------------------


def position(at: int, entity_id: str) -> str:
    """Return a sort key that orders by time, then by id. Its 13 digits of milliseconds last until the year 2286."""
    return f"{at:013d}{SEPARATOR}{entity_id}"


def end_of(at: int) -> str:
    """Return a sort key after all positions of a time, and before those of the next millisecond."""
    return position(at + 1, "")


# Sorts after every position.
LAST_POSITION = "9" * 14


def index_entry(index: Index, pk: str, at: int, entity_id: str) -> Mapping[str, str]:
    """Return the attributes that put an item into a partition of an index, at a time."""
    return {index.pk: pk, index.sk: position(at, entity_id)}


def parse_id(sort_key: str) -> str:
    """Return the id in a position."""
    return sort_key.partition(SEPARATOR)[2]


def parse_time(sort_key: str) -> int:
    """Return the time in a position, in milliseconds since the epoch."""
    return int(sort_key.partition(SEPARATOR)[0])


def parse_tag(sort_key: str) -> tuple[int, str, str]:
    """Return the time, the product id and the store id in a sort key of `tags_by_user`.

    The sort key includes the store, so that one call reads all items of a page. A product never changes its store.
    """
    at, product_id, store_id = sort_key.split(SEPARATOR)
    return int(at), product_id, store_id


# --- ids in primary keys ----------------------------------------------------------------------------------------------


def parse_user_id(key: Key) -> str:
    """Return the user in whose partition an item is."""
    return key.pk.partition(SEPARATOR)[2]


def parse_relation(key: Key) -> tuple[str, str]:
    """Return the recipient and the giver of a RELATION item."""
    return parse_user_id(key), key.sk.partition(SEPARATOR)[2]


def join_relation(recipient_id: str, giver_id: str) -> str:
    """Return the id of a relation in a position; `split_relation` returns its users."""
    return SEPARATOR.join((recipient_id, giver_id))


def split_relation(relation_id: str) -> tuple[str, str]:
    """Return the recipient and the giver of a relation by its id in a position."""
    recipient_id, _, giver_id = relation_id.partition(SEPARATOR)
    return recipient_id, giver_id


def parse_timer_gift_id(pk: str) -> str:
    """Return the gift of a WINDOW item.

    Raises:
        ValueError: this is not the partition key of a WINDOW item.
    """
    prefix, _, gift_id = pk.partition(SEPARATOR)
    if prefix != "WINDOW" or not gift_id:
        raise ValueError("not the key of a window item")
    return gift_id
