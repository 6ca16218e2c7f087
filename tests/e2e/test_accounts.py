"""Accounts on the whole stack: the trigger of the user pool, the roles of the functions, races over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest

from local.client import Client
from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e


def test_a_user_who_signed_up_but_never_called_can_be_a_recipient(live: Running) -> None:
    live.new_users("newcomer")
    newcomer = live.as_("newcomer")
    gift = live.give(live.buy()["order_id"], recipient_id=newcomer.user_id)
    item = live.item("HANDLE", "newcomer")
    assert item is not None
    assert item["user_id"]["S"] == newcomer.user_id
    # The recipient's first call.
    assert newcomer.post(f"/gifts/{gift['gift_id']}/claims", {}).status_code == 201


def test_a_profile_has_the_name_and_handle_of_the_sign_up_until_they_change(live: Running) -> None:
    live.new_users("leaver", "heir")
    leaver, heir = live.as_("leaver"), live.as_("heir")
    profile = leaver.get("/me").json()
    assert (profile["user_id"], profile["handle"], profile["display_name"]) == (leaver.user_id, "leaver", "Leaver")
    assert heir.request("PATCH", "/me", json={"handle": "leaver"}).json()["code"] == "handle-taken"
    changed = leaver.request("PATCH", "/me", json={"handle": "gone", "display_name": "Gone"})
    assert (changed.status_code, changed.json()) == (200, profile | {"handle": "gone", "display_name": "Gone"})
    assert heir.request("PATCH", "/me", json={"handle": "Leaver"}).json()["code"] == "handle-taken"
    assert heir.get("/people/leaver").status_code == 404
    assert leaver.get("/me").json() == changed.json()
    assert leaver.request("PATCH", "/me", json={"handle": "leaver"}).json()["handle"] == "leaver"


def test_of_eight_concurrent_changes_to_one_handle_exactly_one_succeeds(live: Running) -> None:
    names = [f"taker{number}" for number in range(8)]
    live.new_users(*names)
    clients = [Client(live.stack, name) for name in names]
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(lambda client: client.get("/me"), clients))
        barrier = Barrier(len(clients))
        answers = list(pool.map(lambda client: _change_handle(client, "the.handle", barrier), clients))
    (winner,) = (answer.json()["user_id"] for answer in answers if answer.status_code == 200)
    assert {answer.json()["code"] for answer in answers if answer.status_code != 200} == {"handle-taken"}
    item = live.item("HANDLE", "the.handle")
    assert item is not None
    assert item["user_id"]["S"] == winner
    for client, name in zip(clients, names, strict=True):
        # The winner freed the previous handle, which is kept for them; the others kept theirs.
        kept = live.item("HANDLE", name)
        assert kept is not None
        assert ("ttl" in kept) is (client.user_id == winner)
        client.close()


def test_after_eight_concurrent_changes_a_user_has_one_handle(live: Running) -> None:
    live.new_users("hasty")
    hasty = live.as_("hasty")
    handles = [f"hasty.{number}" for number in range(8)]
    clients = [Client(live.stack, "hasty") for _ in handles]
    with ThreadPoolExecutor(len(clients)) as pool:
        barrier = Barrier(len(clients))
        answers = list(pool.map(lambda client, handle: _change_handle(client, handle, barrier), clients, handles))
    for client in clients:
        client.close()
    assert {answer.status_code for answer in answers} == {200}
    mine = hasty.get("/me").json()["handle"]
    items = {handle: live.item("HANDLE", handle) for handle in ("hasty", *handles)}
    assert [handle for handle, item in items.items() if item is not None and "ttl" not in item] == [mine]


def _change_handle(client: Client, handle: str, barrier: Barrier) -> httpx.Response:
    """Change the handle, with retries if the response asks for them."""
    barrier.wait()
    while True:
        answer = client.request("PATCH", "/me", json={"handle": handle})
        if answer.status_code not in (429, 503):
            return answer
