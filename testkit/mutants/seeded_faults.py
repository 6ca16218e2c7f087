"""Seeded faults: each changes one thing that an invariant, a response or a message depends on."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """A fault: the text `old`, which occurs once in a module of the package, becomes `new`.

    Attributes:
        name: the wrong behavior, in words.
        equivalent: why no test can detect it, if that is so.
    """

    name: str
    module: str
    old: str
    new: str
    equivalent: str | None = None


MUTANTS = (
    # --- claiming
    Mutant(
        "a claim ignores the clock",
        "domain/states.py",
        "GiftState.OPEN, (SHARES_LEFT_AFTERWARDS, WINDOW_OPEN))",
        "GiftState.OPEN, (SHARES_LEFT_AFTERWARDS,))",
    ),
    Mutant(
        "the last claim ignores the clock",
        "domain/states.py",
        "GiftState.CLAIMED, (LAST_SHARE, WINDOW_OPEN))",
        "GiftState.CLAIMED, (LAST_SHARE,))",
    ),
    Mutant(
        "the window includes its end",
        "domain/states.py",
        'WINDOW_OPEN = Guard("expires_at", ">", "now")',
        'WINDOW_OPEN = Guard("expires_at", ">=", "now")',
    ),
    Mutant(
        "a claim ignores the state",
        "store/transitions.py",
        'conditions.append(f"#{machine.stored_in} = :from")',
        'conditions.append(f"(attribute_exists(#{machine.stored_in}) OR #{machine.stored_in} = :from)")',
    ),
    Mutant(
        "a user claims twice",
        "store/gifts.py",
        '        conditions=["attribute_not_exists(#claims.#claimer)"],\n',
        "",
    ),
    Mutant(
        "an earlier claim is not returned",
        "use_cases/gifts/claiming.py",
        "        if caller in gift.claims:\n            return _load_claimed(table, gift, caller), False\n",
        "",
    ),
    Mutant(
        "the last share leaves the gift open",
        "domain/states.py",
        "(GiftState.OPEN, GiftAction.CLAIM_LAST_SHARE): Transition(GiftState.CLAIMED",
        "(GiftState.OPEN, GiftAction.CLAIM_LAST_SHARE): Transition(GiftState.OPEN",
    ),
    Mutant(
        "the last share is claimed like any other",
        "domain/rules.py",
        "GiftAction.CLAIM_SHARE if remaining > 1",
        "GiftAction.CLAIM_SHARE if remaining > 0",
    ),
    Mutant("a claim without its holding", "store/gifts.py", "        holdings.build_put(holding, gift),\n", ""),
    Mutant(
        "a retried claim uses the clock of the first attempt",
        "store/writes.py",
        "return write() if callable(write) else write",
        'return write.__dict__.setdefault("made", write()) if callable(write) else write',
    ),
    Mutant(
        "a claimed gift stays in the due index",
        "store/transitions.py",
        "leaves_due_index = state in machine.due_in and row.to not in machine.due_in",
        "leaves_due_index = state in machine.due_in and row.to not in machine.due_in and action != 'claim_last_share'",
    ),
    # --- giving
    Mutant(
        "more units are given than are available",
        "store/transitions.py",
        'conditions.append(f"#{place} >= {moved}")',
        'conditions += [f"#{place} >= {moved}"] if action is not UnitAction.RESERVE else []',
    ),
    Mutant(
        "a gift does not reserve units",
        "store/transitions.py",
        'sets.append(f"#{place} = #{place} - {moved}")',
        'sets.append(f"#{place} = #{place} - {moved} + {moved}" if action is UnitAction.RESERVE else f"#{place} = #{place} - {moved}")',
    ),
    Mutant(
        "no timer for a gift",
        "store/gifts.py",
        "[Put(to_item(gift)), Put(timer_to_item(gift))]",
        "[Put(to_item(gift))]",
    ),
    Mutant("the timer is rounded down", "store/gifts.py", "-(-gift.expires_at // 1000)", "gift.expires_at // 1000"),
    Mutant(
        "a gift is not in the due index",
        "store/gifts.py",
        "        **keys.index_entry(keys.BY_DUE, shard, gift.expires_at, gift.gift_id),\n",
        "",
    ),
    Mutant(
        "a replay of giving creates another gift",
        "use_cases/gifts/giving.py",
        'gift_id = call.derive_id("gift")',
        'gift_id = call.derive_id("gift" + str(call.now))',
    ),
    Mutant(
        "a replay of giving fails",
        "store/gifts.py",
        "        if failed.old[1]:\n            return from_item(failed.old[1])\n        raise\n    return gift",
        "        raise\n    return gift",
    ),
    Mutant(
        "a put overwrites",
        "store/writes.py",
        '"ConditionExpression": "attribute_not_exists(pk)",',
        '"ConditionExpression": "attribute_not_exists(nothing)",',
    ),
    # --- wrapping
    Mutant(
        "a gift has the first theme instead of that of its cover",
        "domain/wrappings.py",
        "return self.themes[0] if cover is None else cover.theme",
        "return self.themes[0]",
    ),
    Mutant(
        "the covers of the last theme are recommended first",
        "domain/wrappings.py",
        "for theme in catalogue.themes",
        "for theme in reversed(catalogue.themes)",
    ),
    # --- expiry and release
    Mutant(
        "a gift expires too early",
        "domain/states.py",
        "GiftState.RETURNED, (WINDOW_OVER,))",
        "GiftState.RETURNED, ())",
    ),
    Mutant(
        "a gift expires a millisecond late",
        "domain/states.py",
        'WINDOW_OVER = Guard("expires_at", "<=", "now")',
        'WINDOW_OVER = Guard("expires_at", "<", "now")',
    ),
    Mutant(
        "the remaining shares are not checked on release",
        "store/gifts.py",
        "require(remaining=gift.remaining, order_id=order_id)",
        "require(order_id=order_id)",
    ),
    Mutant(
        "the reservation is not checked on release",
        "store/orders.py",
        'conditions=["attribute_exists(#reservations.#gift)"]',
        'conditions=["attribute_exists(#reservations)"]',
    ),
    Mutant(
        "units are not released",
        "store/orders.py",
        "        moved,\n",
        "",
    ),
    Mutant(
        "claimed units are not counted on release",
        "store/orders.py",
        "        move_units(UnitPlace.IN_GIFT, UnitAction.CLAIM, claimed),\n",
        "",
    ),
    Mutant(
        "an ended gift stays in the due index",
        "store/transitions.py",
        "leaves_due_index = state in machine.due_in and row.to not in machine.due_in",
        "leaves_due_index = state in machine.due_in and row.to not in machine.due_in and action not in ('expire', 'cancel')",
    ),
    Mutant(
        "an expired gift keeps its reservation",
        "store/orders.py",
        '        removes=["#reservations.#gift"],\n',
        "",
    ),
    Mutant(
        "a cancelled gift does not release its units",
        "use_cases/gifts/giving.py",
        "if gift.state_at(clock()) is GiftState.OPEN:",
        "if gift.state is GiftState.OPEN:",
    ),
    Mutant(
        "an expired gift can be cancelled",
        "domain/states.py",
        "GiftState.CANCELLED, (WINDOW_OPEN,))",
        "GiftState.CANCELLED, ())",
    ),
    Mutant(
        "an expired gift can be declined",
        "domain/states.py",
        "GiftState.DECLINED, (WINDOW_OPEN,))",
        "GiftState.DECLINED, ())",
    ),
    Mutant(
        "any user can cancel",
        "use_cases/gifts/giving.py",
        "if gift is None or gift.giver_id != caller:",
        "if gift is None:",
    ),
    Mutant(
        "any user can decline",
        "use_cases/gifts/giving.py",
        "    if gift.recipient_id != caller:\n        raise errors.NotTheRecipient\n",
        "",
    ),
    Mutant(
        "the stream's restore trusts userIdentity",
        "use_cases/gifts/expiring.py",
        "    timer = _timer(Change(record))\n",
        '    timer = _timer(Change(record))\n    if "userIdentity" not in record:\n        raise ValueError\n',
    ),
    Mutant(
        "the sweep misses the last shard",
        "use_cases/operations/settling.py",
        "range(keys.DUE_SHARDS)",
        "range(keys.DUE_SHARDS - 1)",
    ),
    Mutant(
        "the sweep stops at the first failure",
        "use_cases/operations/settling.py",
        "except Exception as error:  # noqa: BLE001 - one invalid item must not block the others\n            return [",
        "except KeyError as error:\n            return [",
    ),
    Mutant(
        "the sweep settles gifts of one order concurrently",
        "use_cases/operations/settling.py",
        'DueType.GIFT: "order_id"',
        'DueType.GIFT: "gift_id"',
    ),
    Mutant(
        "the sweep sends reminders of one user concurrently",
        "use_cases/operations/settling.py",
        'DueType.REMINDER: "recipient_id"',
        'DueType.REMINDER: "gift_id"',
    ),
    Mutant(
        "an unreadable item fails the whole batch",
        "use_cases/gifts/expiring.py",
        "    with suppress(Exception):\n        found =",
        "    with suppress():\n        found =",
    ),
    Mutant(
        "the stream restores gifts of one order concurrently",
        "use_cases/gifts/expiring.py",
        "key=_order_id",
        "key=id",
    ),
    Mutant(
        "the sweep ignores gifts",
        "use_cases/operations/settling.py",
        "    DueType.GIFT: keys.due_gifts,\n",
        "",
    ),
    Mutant(
        "a write does not settle expired gifts",
        "use_cases/orders/units.py",
        "    if order.available >= quantity:\n        return True\n",
        "    if order.available >= quantity or True:\n        return True\n",
    ),
    Mutant(
        "settling is not retried",
        "use_cases/orders/units.py",
        "            if current is None or not _settle_due_gifts(table, current, quantity, now=now):\n                raise",
        "            raise",
    ),
    # --- money
    Mutant(
        "each charge attempt has another key",
        "use_cases/orders/purchases.py",
        "Charge(order.order_id, payment.total",
        "Charge(order.order_id + str(now), payment.total",
    ),
    Mutant(
        "the charge comes before the order",
        "use_cases/orders/purchases.py",
        "order = orders.create_pending(table, build_order(order_id, call, product, quantity, payment, policy))",
        "order = build_order(order_id, call, product, quantity, payment, policy); provider.charge(Charge(order_id, payment.total, method, token)); order = orders.create_pending(table, order)",
    ),
    Mutant(
        "a paid order is paid again",
        "store/orders.py",
        "        transition(\n            ORDER_MACHINE, OrderState.PENDING, PaymentAction.PAY, now=order.payment.paid_at, "
        "stays_due=bool(timer)\n        ),\n",
        "        Clause(['#state = :to'], [], ['attribute_exists(#state)'], {':to': OrderState.PAID}),\n",
    ),
    Mutant(
        "a pending order is not in the due index",
        "store/orders.py",
        "    if order.state in ORDER_MACHINE.due_in and",
        "    if order.state not in ORDER_MACHINE.due_in and",
    ),
    Mutant(
        "a put overwrites the stock",
        "store/products.py",
        "_mutable_attributes(product).items() if name not in _STOCK}",
        "_mutable_attributes(product).items()}",
    ),
    Mutant(
        "a put with If-Match ignores sales since its read",
        "store/products.py",
        "        require(store_id=after.store_id, **known),\n",
        "        require(store_id=after.store_id),\n",
    ),
    Mutant(
        "a change of the stock whose response is lost happens twice",
        "store/products.py",
        "limited, change), token=token)",
        "limited, change))",
    ),
    Mutant(
        "more units are removed than there are in stock",
        "store/products.py",
        '("#stock >= :bound", -units)',
        '("#stock >= :bound", -units - 1)',
    ),
    Mutant(
        "a declined order does not restock",
        "store/orders.py",
        "    if order.product.stock is not None:\n        writes.append(products.restock(order.product.product_id, order.quantity))\n    if order.intent",
        "    if order.intent",
    ),
    Mutant(
        "a declined return gift keeps the claim",
        "store/orders.py",
        "    if order.intent is not None:\n        writes.append(holdings.release_return_gift(order.intent.holding_id, order.order_id))\n",
        "",
    ),
    Mutant(
        "two return gifts for one claim",
        "store/transitions.py",
        'f"attribute_not_exists(#{mark})" for mark in machine.stored_in.values()',
        'f"attribute_not_exists(#{mark})" for mark in machine.stored_in.values() if mark != "return_gift_order_id"',
    ),
    Mutant(
        "more units are sold than are in stock",
        "store/products.py",
        '"#unlimited = :true OR #stock >= :quantity"',
        '"#unlimited = :true OR attribute_exists(#stock)"',
    ),
    Mutant(
        "more units are refunded than are available",
        "store/transitions.py",
        'conditions.append(f"#{place} >= {moved}")',
        'conditions += [f"#{place} >= {moved}"] if action is not UnitAction.REFUND else []',
    ),
    Mutant(
        "a refund does not move units",
        "store/refunds.py",
        "[orders.refund_units(order, {UnitPlace.AVAILABLE: refund.quantity}), Put(to_item(refund))]",
        "[Put(to_item(refund))]",
    ),
    Mutant(
        "each refund attempt has another key",
        "use_cases/orders/refunding.py",
        "Repayment(pending.refund_id, ",
        "Repayment(pending.refund_id + str(id(pending)), ",
    ),
    Mutant(
        "a refund with an unknown outcome is settled",
        "use_cases/orders/refunding.py",
        "    except OutcomeUnknown:\n        return pending\n",
        "    except OutcomeUnknown:\n        pass\n",
    ),
    Mutant(
        "the sweep does not look at refunds",
        "use_cases/operations/settling.py",
        "    DueType.REFUND: keys.due_refunds,\n",
        "",
    ),
    # --- ends
    Mutant(
        "a refund at the end moves no units",
        "store/gifts.py",
        "action=UnitAction.REFUND if is_refund else UnitAction.RELEASE",
        "action=UnitAction.RELEASE",
    ),
    Mutant(
        "units are refunded at the end without a refund",
        "store/gifts.py",
        "return [release, *refunds.build_at_end(order, gift)]",
        "return [release]",
    ),
    Mutant(
        "a refund at the end does not restock",
        "store/refunds.py",
        "return [Put(to_item(refund)), *restock]",
        "return [Put(to_item(refund))]",
    ),
    Mutant(
        "claimed units are refunded at the end",
        "store/refunds.py",
        "quantity=gift.remaining,",
        "quantity=gift.shares,",
    ),
    Mutant(
        "a gift expires with an end that was replaced",
        "store/gifts.py",
        "*([require(at_end=gift.at_end)] if expired else [])",
        "*([])",
    ),
    Mutant(
        "a record of the stream ignores the end of the gift",
        "store/gifts.py",
        "*([require(at_end=gift.at_end)] if expired else [])",
        "*([require(at_end=gift.at_end)] if expired and isinstance(gift, Gift) else [])",
    ),
    Mutant(
        "a cancellation is refunded",
        "store/gifts.py",
        "is_refund = expired and isinstance",
        "is_refund = isinstance",
    ),
    Mutant(
        "a cancelled gift is passed on",
        "store/gifts.py",
        "if expired and isinstance(gift, Gift) and _is_passed_on(gift) else None",
        "if isinstance(gift, Gift) and _is_passed_on(gift) else None",
    ),
    Mutant(
        "an end is set although another one was set since",
        "store/gifts.py",
        "require(at_end=gift.at_end, remaining=gift.remaining)",
        "require(remaining=gift.remaining)",
    ),
    Mutant(
        "an end is set after the window",
        "store/gifts.py",
        "in_state(GIFT_MACHINE, GiftState.OPEN, WINDOW_OPEN, now=clock()),\n            #",
        "in_state(GIFT_MACHINE, GiftState.OPEN, now=clock()),\n            #",
    ),
    Mutant(
        "the reservation keeps the end that was replaced",
        "store/orders.py",
        "return update(keys.order(order_id), changed, _has_reservation(gift.gift_id))",
        "return update(keys.order(order_id), assign({'buyer_id': gift.giver_id}), _has_reservation(gift.gift_id))",
    ),
    Mutant(
        "a replaced successor keeps its place",
        "store/gifts.py",
        '        writes.append(Delete(old, "#gift_id = :gift_id", {":gift_id": gift.gift_id}))\n',
        "        del old\n",
    ),
    Mutant(
        "no item leads from a successor to its gift",
        "store/gifts.py",
        "    writes += _pointer_writes(gift)\n",
        "",
    ),
    Mutant(
        "a successor is found before the end",
        "store/gifts.py",
        "first.successor_id_at(now) == gift_id",
        "first.at_end is not None and first.at_end.successor_gift_id == gift_id",
    ),
    Mutant(
        "a settled successor is built again",
        "store/gifts.py",
        "return get(table, gift_id) if first.state.is_final else first.build_successor()",
        "return first.build_successor()",
    ),
    Mutant(
        "a successor keeps the end of its gift",
        "domain/models.py",
        "            ended_at=None,\n            at_end=None,\n",
        "            ended_at=None,\n            at_end=AtEnd(EndAction.REFUND),\n",
    ),
    Mutant(
        "a successor names the gift that its gift returns",
        "domain/models.py",
        "            in_return_for=None,\n            ended_at=None,",
        "            ended_at=None,",
    ),
    Mutant(
        "a successor has the window of its gift",
        "domain/models.py",
        "compute_window_end(self.expires_at, at_end.window_ms, self.valid_until)",
        "compute_window_end(self.created_at, at_end.window_ms, self.valid_until)",
    ),
    Mutant(
        "a successor whose window is over too stays open",
        "store/gifts.py",
        "if successor is not None and successor.state_at(clock()) is GiftState.RETURNED:",
        "if False:",
    ),
    Mutant(
        "the first person sees the second one",
        "api/views/gifts.py",
        "    if may_see(viewer, Fact.AT_END):",
        "    if may_see(viewer, Fact.ENVELOPE):",
    ),
    Mutant(
        "an end is not asked as giving is",
        "use_cases/gifts/giving.py",
        "        check_giftable(product or gift.product, terms)\n",
        "",
    ),
    # --- own use and redemption
    Mutant(
        "more units are used than are available",
        "store/transitions.py",
        'conditions.append(f"#{place} >= {moved}")',
        'conditions += [f"#{place} >= {moved}"] if action is not UnitAction.USE else []',
    ),
    Mutant(
        "a replay of own use uses more",
        "use_cases/orders/own_use.py",
        'use_id = call.derive_id("use")',
        'use_id = call.derive_id("use" + str(call.now))',
    ),
    Mutant(
        "a voucher is redeemed twice",
        "store/transitions.py",
        'f"attribute_not_exists(#{mark})" for mark in machine.stored_in.values()',
        'f"attribute_not_exists(#{mark})" for mark in machine.stored_in.values() if mark != "redeemed_at"',
    ),
    Mutant(
        "any merchant can redeem",
        "use_cases/fulfilment/redeeming.py",
        "if holding is None or holding.product.store_id != store_id:",
        "if holding is None:",
    ),
    Mutant(
        "a used key accepts another request",
        "use_cases/idempotency.py",
        "if request_hash != self.request_hash:",
        "if False:",
    ),
    Mutant(
        "a shipment change ignores the version",
        "store/shipments.py",
        "require(version=before.version)",
        "require(shipment_id=before.shipment_id)",
    ),
    # --- the rollout
    Mutant(
        "the rollout is asked before replays are answered",
        "use_cases/gifts/giving.py",
        "    if gift_key in found:\n        return _require_same(gifts.from_item(found[gift_key]), call)\n    order =",
        "    if not rollout.includes(table, Feature.GIFTING, call.caller, now=call.now):\n"
        "        raise errors.NotAvailableYet\n"
        "    if gift_key in found:\n        return _require_same(gifts.from_item(found[gift_key]), call)\n    order =",
    ),
    Mutant(
        "everybody may give",
        "use_cases/gifts/giving.py",
        "if not rollout.includes(table, Feature.GIFTING, call.caller, now=call.now):",
        "if not rollout.includes(table, Feature.GIFTING, call.caller, now=call.now) and False:",
    ),
    Mutant(
        "orders offer to give to everybody",
        "use_cases/queries.py",
        "rollout.includes(table, Feature.GIFTING, order.buyer_id, now=now),",
        "True,",
    ),
    Mutant(
        "a process never reads the rollout again",
        "store/rollout.py",
        "return table.rollout is not None and 0 <= now - table.rollout.read_at < MAX_AGE_MS",
        "return table.rollout is not None",
    ),
    Mutant(
        "a change of the rollout overwrites another one",
        "store/rollout.py",
        "require(version=changed.version)",
        "require(pk=key.pk)",
    ),
    Mutant(
        "a percentage includes one bucket more",
        "domain/rollout.py",
        "compute_bucket(feature, user_id) < self.hundredths",
        "compute_bucket(feature, user_id) <= self.hundredths",
    ),
    Mutant(
        "allowed users have a feature that is switched off",
        "domain/rollout.py",
        "        if not self.is_active_at(now):\n            return False\n        if user_id in self.allow:\n            return True\n",
        "        if user_id in self.allow:\n            return True\n        if not self.is_active_at(now):\n            return False\n",
    ),
    Mutant(
        "a rollout that cannot be read is that of a new table",
        "store/rollout.py",
        "        _keep(table, table.rollout.rollout, now=now)\n",
        "        _keep(table, Rollout(), now=now)\n",
    ),
    Mutant(
        "the order center is open to everybody who asks late",
        "use_cases/order_center.py",
        "    if not has_feature():\n        raise errors.NotFound\n    own,",
        "    own,",
    ),
    # --- the table
    Mutant(
        "a conflict is final", "store/retries.py", "return bool(codes) and codes <= _RETRYABLE_CODES", "return False"
    ),
    Mutant(
        "a conflict beside a failed condition counts as a failed condition",
        "store/table.py",
        '!= {"ConditionalCheckFailed"}:\n                raise',
        '>= {"nothing"}:\n                raise',
    ),
    # --- projection
    Mutant(
        "the summary is written over", "store/summaries.py", "require(version=before.version)", "require(pk=key.pk)"
    ),
    Mutant(
        "each delivery of a record adds a message",
        "domain/messages.py",
        "message_id=_derive_id(kind, gift.gift_id, *([] if named is None else [named])),",
        "message_id=_derive_id(kind, gift.gift_id, str(at), *([] if named is None else [named])),",
    ),
    Mutant(
        "each delivery of a record publishes another event id",
        "domain/events.py",
        'return Event(ids.derive_id("event", kind, *change), kind',
        'return Event(ids.derive_id("event", kind, *change, str(id(data))), kind',
    ),
    Mutant(
        "rejected bus entries are not retried",
        "runtime/bus.py",
        'if response["FailedEntryCount"]:',
        'if response["FailedEntryCount"] < 0:',
    ),
    Mutant(
        "events are lost if the bus does not respond",
        "use_cases/operations/projecting.py",
        "        outcome.failed |= dict.fromkeys((number for number, _ in queued), error)\n        return 0",
        "        return 0",
    ),
    Mutant(
        "the events of several claims share their numbers",
        "domain/events.py",
        "    for number, (_, at) in enumerate(find_new_claims(before, after), len(before.claims)):",
        "    for number, (_, at) in enumerate(find_new_claims(before, after), 0):",
    ),
    # --- the time of pages
    Mutant(
        "countdowns of pages do not follow the test clock",
        "api/http.py",
        'f"offset;dur={offset}"',
        'f"offset;dur={offset // 1000}"',
    ),
    # --- the rules of the policies
    Mutant(
        "units of an order are given under the newest rules",
        "use_cases/gifts/giving.py",
        "    terms = policy.find(order.policy).with_window(window_ms)\n    sold",
        "    terms = policy.newest(order.policy.partition('@')[0]).with_window(window_ms)\n    sold",
    ),
    Mutant(
        "a gift has the first rules, and not those of its order",
        "use_cases/gifts/giving.py",
        "        policy=order.policy,\n",
        "",
    ),
    Mutant(
        "a return gift has the first rules, and not those of its order",
        "use_cases/orders/purchases.py",
        "        policy=order.policy,\n",
        "",
    ),
    Mutant(
        "the cap of a store replaces that of the policy",
        "domain/rules.py",
        "    cap = min((cap for cap in caps if cap is not None), default=None)",
        "    cap = caps[1] or caps[0]",
    ),
    Mutant(
        "the categories of a store replace those of the policy",
        "domain/rules.py",
        "find_category(product.category, policy.excluded_categories + own)",
        "find_category(product.category, own or policy.excluded_categories)",
    ),
    Mutant(
        "in a currency without a cap of its own, anything can be given",
        "domain/policy.py",
        "        return self.price_caps.get(currency, self.price_caps.get(OTHER_CURRENCIES))",
        "        return self.price_caps.get(currency)",
    ),
    Mutant(
        "a voucher is given in its last second",
        "domain/rules.py",
        "    return valid_until is not None and valid_until - since < least",
        "    return valid_until is not None and valid_until <= since",
    ),
    Mutant(
        "the default window of the stack overrides that of the policy",
        "runtime/settings.py",
        "None if window == _WINDOW_OF_POLICY else window * 1000",
        "window * 1000",
    ),
    Mutant(
        "recipients are reminded by the first rules",
        "domain/messages.py",
        "policy.find(gift.policy).reminders",
        "policy.find('douyin@1').reminders",
    ),
    Mutant(
        "recipients see the title of a voucher that the policy hides",
        "api/views/gifts.py",
        '    return "voucher_title" in policies.find(gift.policy).shown_before_claim',
        "    return True",
    ),
    Mutant(
        "the giver of a gift on WeChat can cancel it",
        "domain/policies.json",
        '"giver_cancel": {"value": false',
        '"giver_cancel": {"value": true',
    ),
    Mutant(
        "goods on KakaoTalk are claimed within a day",
        "domain/policies.json",
        '"parcel": 604800',
        '"parcel": 86400',
    ),
    Mutant(
        "what nobody claims on WeChat goes back to the order",
        "domain/policies.json",
        '"at_end": {"value": "refund", "source": "WeChat',
        '"at_end": {"value": "order", "source": "WeChat',
    ),
    # --- the test clock
    Mutant(
        "of two callers, one takes back the seconds of the other",
        "store/test_clock.py",
        '"#offset_seconds = :offset"',
        '"#offset_seconds >= :offset"',
    ),
    Mutant(
        "the clock is read from a replica",
        "store/test_clock.py",
        "table.get(keys.test_clock())",
        "table.get(keys.test_clock(), consistent=False)",
    ),
    Mutant(
        "a lost response advances the clock twice",
        "store/test_clock.py",
        '{":offset": offset}), token=token)',
        '{":offset": offset}))',
    ),
    Mutant(
        "functions have real time",
        "runtime/wiring.py",
        "clock.set_offset(test_clock.get_offset(table()))",
        "test_clock.get_offset(table())",
    ),
    Mutant(
        "the clock jumps over what is due",
        "use_cases/operations/advancing.py",
        "    return min([seconds, *(_seconds_until(at, now) for at in instants if at > now)])",
        "    return seconds",
    ),
    Mutant(
        "the clock moves before what a dead process left is settled",
        "use_cases/operations/advancing.py",
        "    if report.outcomes or not report.finished:\n        return False\n",
        "",
    ),
    Mutant(
        "a payment without an outcome is cancelled later than at its end",
        "use_cases/operations/advancing.py",
        "        return due, due - SETTLE_AFTER_MS + PAYMENT_WINDOW_MS",
        "        return (due,)",
    ),
    Mutant(
        "a call that settles for too long says that it is done",
        "use_cases/operations/advancing.py",
        "        return report.finished and step == seconds",
        "        return step == seconds",
    ),
    Mutant(
        "what settling makes due is left to the next advance of the clock",
        "use_cases/operations/advancing.py",
        "while step == seconds and report.finished and report.outcomes:",
        "while step == seconds and not report.finished:",
    ),
    Mutant(
        "an ended gift keeps others from their reminders",
        "use_cases/gifts/reminding.py",
        "        if len(gift_ids) == 1:\n",
        "        if gift_ids:\n",
    ),
    Mutant(
        "the claim of a successor refunds a gift whose end was changed",
        "store/gifts.py",
        " or unchanged or successor is not None:",
        " or unchanged:",
    ),
    Mutant(
        "the answer of a changed end lacks a claim",
        "store/gifts.py",
        "require(at_end=gift.at_end, remaining=gift.remaining)",
        "require(at_end=gift.at_end)",
    ),
    # --- the end of vouchers
    Mutant(
        "a paid order of vouchers has no timer",
        "store/orders.py",
        "assign({**paid, **timer}),",
        "assign(paid),",
    ),
    Mutant(
        "a voucher that was extended in between ends with its order",
        "domain/states.py",
        "Transition(VoucherState.EXPIRED, (VALIDITY_OVER,))",
        "Transition(VoucherState.EXPIRED)",
    ),
    Mutant(
        "the end of vouchers loses a unit that is released in between",
        "store/orders.py",
        "    return LEAVE_DUE_INDEX, is_due(now), counts\n",
        "    return LEAVE_DUE_INDEX, is_due(now)\n",
    ),
    Mutant(
        "an order ends although a voucher of it was not found",
        "use_cases/operations/voucher_ends.py",
        "return (of_gifts, own) == (order.gifted + claimed, order.used)",
        "return (of_gifts, own) <= (order.gifted + claimed, order.used)",
    ),
    Mutant(
        "units are available after the end of their vouchers",
        "domain/rules.py",
        "    if available and are_units_refunded(order, now=now):\n        available, refunded = 0, refunded + available\n",
        "",
    ),
    Mutant(
        "a holder is reminded of a voucher that they did not have yet",
        "use_cases/operations/voucher_ends.py",
        " and voucher.received_at <= at",
        "",
    ),
    Mutant(
        "an extended voucher is counted twice",
        "use_cases/inbox/user_summary.py",
        "return summary.count_voucher(voucher) if voucher.valid_until == entry.valid_until else {}",
        "return summary.count_voucher(voucher)",
    ),
    Mutant(
        "a test clock runs beside real payments",
        "runtime/settings.py",
        "if self.has_test_clock and self.payment_provider not in WITHOUT_MONEY:",
        "if self.has_test_clock and not self.payment_provider:",
    ),
)
