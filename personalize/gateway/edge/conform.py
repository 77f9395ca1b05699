"""GraphQL over HTTP to the letter, in the dev profile: what is asked well-formed in `application/json` gets a 200.

Shops such as Vendure answer an invalid document with 400 there, which clients take for a fault of the network: its
message never reaches the developer. (GraphQL over HTTP, section 6.4.1; `application/graphql-response+json` keeps 400.)
"""

from __future__ import annotations

import orjson

from personalize.errors import UpstreamError
from personalize.gateway.edge.call import Call, Reader
from personalize.gateway.edge.upstream import MAX_READ, Answer


async def conform(call: Call, reader: Reader, answer: Answer) -> Answer:
    """The answer, with the status that the specification asks for. Raises UpstreamError where it is too large."""
    kind = answer.header("content-type") or ""
    if answer.status != 400 or not answer.json or not kind.startswith("application/json") or reader.read(call) is None:
        return answer
    if answer.body is None:
        answer.body, answer.stream = await _whole(answer), None
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return answer
    if isinstance(told, dict) and told.get("errors") and "data" not in told:
        answer.status = 200
    return answer


async def _whole(answer: Answer) -> bytes:
    chunks, size = [], 0
    assert answer.stream is not None
    async for chunk in answer.stream:
        size += len(chunk)
        if size > MAX_READ:
            raise UpstreamError(f"the shop's answer is larger than {MAX_READ} bytes", code="TOO_LARGE")
        chunks.append(chunk)
    return b"".join(chunks)
