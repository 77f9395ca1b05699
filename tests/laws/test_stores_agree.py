"""The embedded store does what the reference store does, whatever is asked of it in whatever order."""

import asyncio
import tempfile

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalize.domain.store import EventRow, ProfileRow
from personalize.stores.memory import MemoryStore
from personalize.stores.sqlite import SqliteStore

keys = st.sampled_from(["s:a", "s:b", "b:a", "h:ü"])
times = st.integers(0, 20).map(float)
bodies = st.binary(max_size=8)
profiles = st.lists(st.builds(ProfileRow, keys, bodies, times), max_size=4)
events = st.lists(
    st.builds(EventRow, st.integers(0, 15).map(str), times, st.none() | keys, bodies),
    max_size=6,
    unique_by=lambda row: row.event_id,
)
steps = st.one_of(
    st.tuples(st.just("put_profiles"), profiles),
    st.tuples(st.just("get_profile"), keys, times),
    st.tuples(st.just("delete_profile"), keys),
    st.tuples(st.just("append_events"), events),
    st.tuples(st.just("put_link"), st.sampled_from("xyz"), keys, times),
    st.tuples(st.just("get_link"), st.sampled_from("xyz"), times),
    st.tuples(st.just("events"), st.none() | times, st.none() | times, st.none() | keys),
    st.tuples(st.just("erase"), keys),
    st.tuples(st.just("prune"), times, st.none() | times),
)


async def _play(store, script):
    await store.open()
    answers = []
    try:
        for name, *arguments in script:
            if name == "events":  # of one moment the order is the store's own
                answers.append(sorted([row async for row in store.events(*arguments)], key=lambda row: row[:2]))
            else:
                answers.append(await getattr(store, name)(*arguments))
    finally:
        await store.close()
    return answers


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=25))
def test_stores_agree(script):
    with tempfile.TemporaryDirectory() as folder:
        embedded = asyncio.run(_play(SqliteStore(f"{folder}/store.sqlite"), script))
    assert embedded == asyncio.run(_play(MemoryStore(), script))
