"""Budgets hold whatever happens in whatever order: held by a state machine on every store, and by real processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from personalize.domain.offers.ledger import Limits, PromiseState, Purse, Wish
from personalize.domain.offers.money import Money
from personalize.domain.offers.promise import Coupon
from personalize.domain.offers.tariff import Tariff
from personalize.stores import open_store

ROOT = Path(__file__).resolve().parents[2]
TOTAL, PER_DAY, PER_VISITOR, RESERVED = 1000, 450, 400, 150
HOLD, FAR = 100.0, 1e9
VISITORS, DAYS = st.sampled_from(["s:a", "s:b", "s:c", "s:d"]), 50.0


def eur(minor):
    return Money(minor, "EUR")


TARIFF = Tariff({"v": (eur(1000), eur(850))})


class Budgets(RuleBasedStateMachine):
    """Promises, carts, orders, refusals and time in any order, against a model in plain sums."""

    address = "memory://"

    @initialize()
    def open(self):
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.store = open_store(self.address.format(self.folder.name))
        self.run(self.store.open())
        self.offers = self.store.offers
        self.at, self.minted, self.number = 0.0, 0, 0
        self.codes = {}
        self.model = {}

    def run(self, made):
        return self.loop.run_until_complete(made)

    def teardown(self):
        if hasattr(self, "store"):
            self.run(self.store.close())
            self.loop.close()
            self.folder.cleanup()

    def day(self):
        return f"day {int(self.at // DAYS)}"

    def limits(self):
        return Limits(self.day(), eur(TOTAL), eur(PER_DAY), eur(PER_VISITOR), times=4, since=self.at - 300)

    def all_open(self):
        return [one for one in self.model.values() if one["state"] is PromiseState.OPEN]

    @rule(count=st.integers(1, 4))
    def mint(self, count):
        made = [Coupon(f"c{self.minted + n}", "o", "r", FAR, TARIFF) for n in range(count)]
        assert self.run(self.offers.add_coupons(made)) == count
        self.minted += count

    @rule(seconds=st.sampled_from([1.0, 20.0, 60.0, 130.0]))
    def wait(self, seconds):
        self.at += seconds

    @rule(visitor=VISITORS)
    def promise(self, visitor):
        self.number += 1
        before = self.run(self.offers.open_promises(visitor, self.at))
        wish = Wish(f"p{self.number}", "o", TARIFF, eur(RESERVED), self.at + HOLD, self.limits())
        after = self.run(self.offers.promise(visitor, [wish], self.at))
        assert len(after) <= 1
        if before:
            assert after == before, "the same promise again"
            return
        own = [one for one in self.model.values() if one["visitor"] == visitor]
        room = (
            self.used() + RESERVED <= TOTAL
            and self.used(day=self.day()) + RESERVED <= PER_DAY
            and self.used(visitor=visitor) + RESERVED <= PER_VISITOR
            and sum(one["made"] >= self.at - 300 for one in own) < 4
            and not any(one["state"] is PromiseState.OPEN for one in own)
            and len(self.model) < self.minted
        )
        assert bool(after) == room, "what may be promised is, and nothing else"
        if after:
            (made,) = after
            assert made.code not in self.model, "a code is claimed once"
            self.model[made.code] = {
                "visitor": visitor, "reserved": RESERVED, "spent": 0, "day": self.day(), "made": self.at,
                "until": made.valid_until, "state": PromiseState.OPEN,
            }  # fmt: skip

    def used(self, day=None, visitor=None):
        return sum(
            one["spent"] + (one["reserved"] if one["state"] is PromiseState.OPEN else 0)
            for one in self.model.values()
            if (day is None or one["day"] == day) and (visitor is None or one["visitor"] == visitor)
        )

    @rule(pick=st.integers(0, 99), pieces=st.integers(1, 4))
    def raise_promise(self, pick, pieces):
        if not self.model:
            return
        code = sorted(self.model)[pick % len(self.model)]
        one, wanted = self.model[code], RESERVED * pieces
        more = wanted - one["reserved"]
        holds = one["state"] is PromiseState.OPEN and one["until"] > self.at
        room = (
            self.used() + more <= TOTAL
            and self.used(day=one["day"]) + more <= PER_DAY
            and self.used(visitor=one["visitor"]) + more <= PER_VISITOR
            and one["visitor"] != ""
        )
        raised = self.run(self.offers.raise_promise(code, eur(wanted), self.limits(), self.at))
        assert raised == (holds and (more <= 0 or room))
        if raised and more > 0:
            one["reserved"] = wanted

    @rule(pick=st.integers(0, 99), share=st.floats(0, 1), order=st.sampled_from("xyz"))
    def keep(self, pick, share, order):
        """Whatever an order cost, up to what was set aside, is booked; twice the same order once."""
        if not self.all_open():
            return
        one = self.all_open()[pick % len(self.all_open())]
        code = next(code for code, other in self.model.items() if other is one)
        spent = int(one["reserved"] * share)
        for _ in range(2):
            assert self.run(self.offers.keep(code, eur(spent), order, self.at))
        one["state"], one["spent"] = PromiseState.KEPT, spent

    @rule(pick=st.integers(0, 99))
    def withdraw(self, pick):
        if not self.model:
            return
        code = sorted(self.model)[pick % len(self.model)]
        was_open = self.model[code]["state"] is PromiseState.OPEN
        assert self.run(self.offers.withdraw(code, self.at)) == was_open
        if was_open:
            self.model[code]["state"] = PromiseState.WITHDRAWN

    @rule()
    def lapse(self):
        due = self.run(self.offers.due(self.at, 10.0))
        ended = [code for code, one in self.model.items()
                 if one["state"] is PromiseState.OPEN and one["until"] <= self.at - 10.0]  # fmt: skip
        assert {one.code for one in due} == set(ended)
        assert self.run(self.offers.lapse([one.code for one in due], self.at)) == len(ended)
        for code in ended:
            self.model[code]["state"] = PromiseState.LAPSED

    @rule(visitor=VISITORS)
    def erase(self, visitor):
        self.run(self.store.erase(visitor))
        for one in self.model.values():
            if one["visitor"] == visitor:
                one["visitor"] = ""

    @invariant()
    def nothing_is_overspent(self):
        if not hasattr(self, "offers"):
            return
        purse = self.run(self.offers.spent("o", "EUR"))
        reserved = sum(one["reserved"] for one in self.all_open())
        assert purse == Purse(eur(reserved), eur(sum(one["spent"] for one in self.model.values())))
        assert purse.reserved + purse.spent <= eur(TOTAL)
        for day in {one["day"] for one in self.model.values()}:
            of_day = self.run(self.offers.spent("o", "EUR", day))
            assert (of_day.reserved + of_day.spent).minor == self.used(day=day) <= PER_DAY
        for visitor in {one["visitor"] for one in self.model.values()} - {""}:
            assert self.used(visitor=visitor) <= PER_VISITOR


class BudgetsInAFile(Budgets):
    address = "sqlite:///{}/store.sqlite"


TestInMemory = Budgets.TestCase
TestInMemory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestInAFile = BudgetsInAFile.TestCase
TestInAFile.settings = settings(max_examples=15, stateful_step_count=40, deadline=None)

BUYER = """
import asyncio, random, sys
from personalize.domain.offers.ledger import Limits, Wish
from personalize.domain.offers.money import Money
from personalize.domain.offers.tariff import Tariff
from personalize.errors import StoreError
from personalize.stores import open_store

url, seed = sys.argv[1], int(sys.argv[2])
chance, eur = random.Random(seed), lambda minor: Money(minor, "EUR")
tariff = Tariff({"v": (eur(1000), eur(850))})

async def main():
    store = open_store(url)
    while True:
        try:
            await store.open()
            break
        except StoreError as error:  # the other processes open it, too
            assert error.code in ("STORE_LOCKED", "STORE_LATE"), error
    print("ready", flush=True)
    sys.stdin.readline()
    promised = kept = 0
    for number in range(60):
        visitor = f"s:{chance.randrange(30)}"
        limits = Limits("day", eur(3000), eur(2400), eur(600))
        wish = Wish(f"{seed}/{number}", "o", tariff, eur(150), 1e6, limits)
        while True:
            try:
                found = await store.offers.promise(visitor, [wish], float(number))
                for one in found:
                    promised += 1
                    if chance.random() < 0.4:
                        await store.offers.raise_promise(one.code, eur(300), limits, float(number))
                    if int(visitor[2:]) % 4 != seed % 4:  # one orders or withdraws: an order with a code that another
                        continue  # has just withdrawn is booked, whatever that costs
                    if chance.random() < 0.3:
                        kept += await store.offers.keep(one.code, eur(100), f"{seed}/{number}", float(number))
                    elif chance.random() < 0.2:
                        await store.offers.withdraw(one.code, float(number))
                break
            except StoreError as error:  # locked: the other processes write; ask again
                assert error.code in ("STORE_LOCKED", "STORE_LATE"), error
    await store.close()
    print(promised, kept, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("processes", [4])
def test_processes_on_one_file_overspend_nothing_and_lose_no_promise(tmp_path, processes):
    url = f"sqlite:///{tmp_path}/store.sqlite"

    async def before():
        store = open_store(url)
        await store.open()
        await store.offers.add_coupons([Coupon(f"c{n}", "o", "r", FAR, TARIFF) for n in range(200)])
        await store.close()

    async def after():
        store = open_store(url)
        await store.open()
        promises = [one for n in range(30) for one in await store.offers.history(f"s:{n}")]
        purses = await store.offers.spent("o", "EUR"), await store.offers.spent("o", "EUR", "day")
        free = await store.offers.pool("o", TARIFF, 0.0)
        await store.close()
        return promises, purses, free

    asyncio.run(before())
    running = [
        subprocess.Popen([sys.executable, "-c", BUYER, url, str(seed)], cwd=ROOT, text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for seed in range(processes)
    ]  # fmt: skip
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:  # all at once
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=120)[0].split() for process in running]
    assert all(process.returncode == 0 for process in running)
    promises, (purse, of_day), free = asyncio.run(after())

    assert sum(int(kept) for _, kept in told) > 0
    assert len({one.code for one in promises}) == len(promises) == 200 - free, "each code was promised once"
    reserved = sum(one.reserved.minor for one in promises if one.state is PromiseState.OPEN)
    spent = sum(one.spent.minor for one in promises if one.spent is not None)
    assert purse == of_day == Purse(eur(reserved), eur(spent)), "no promise and no order was lost"
    assert reserved + spent <= 2400
    for visitor in {one.visitor for one in promises}:
        own = [one for one in promises if one.visitor == visitor]
        assert sum(one.state is PromiseState.OPEN for one in own) <= 1
        assert sum(one.spent.minor if one.spent else one.reserved.minor * (one.state is PromiseState.OPEN)
                   for one in own) <= 600  # fmt: skip
