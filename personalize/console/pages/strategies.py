"""Strategies: what there is, versions and what they change, drafts, publishing, reverting, stopping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from personalize.console.desk import Standing
from personalize.console.pages import drafting
from personalize.console.pages.asked import Asked
from personalize.console.pages.difference import differences
from personalize.domain.desk.finding import Finding, Refused
from personalize.domain.desk.programme import EVERYTHING
from personalize.domain.desk.reading import as_document, read_draft
from personalize.domain.desk.rules import KINDS
from personalize.domain.desk.strategy import Audience, StrategyDraft
from personalize.domain.strategy import Mode
from personalize.errors import DeskError, PersonalizeError
from personalize.gateway.trial import trial_name

VERSIONS = 20


async def overview(asked: Asked) -> Response:
    """All strategies: those of the desk, and those that only the settings name."""
    desk = asked.house.desk
    found, after = await desk.strategies(after=asked.query("after", 64))
    killed = await desk.killed()
    here = {one.name for one in found}
    others = [one for one in asked.house.settings().strategies if one.name not in here] if not after else []
    return asked.show(
        "strategies.html", found=found, after=after, others=others, killed=killed, stopped=EVERYTHING in killed
    )


async def strategy(asked: Asked, refused: Refused | None = None, status: int = 200) -> Response:
    """One strategy: what holds, what is drafted and what that would change."""
    name, desk = asked.path("name"), asked.house.desk
    standing = await desk.strategy(name)
    findings: Sequence[Finding] = ()
    if standing.draft is not None:
        try:
            findings = await desk.validate(as_document(standing.draft.draft))
        except PersonalizeError as error:
            findings = (Finding("warning", error.code, error.message, error.hint),)  # type: ignore[arg-type]
    versions = await desk.versions(name, before=_before(asked), limit=VERSIONS)
    held = standing.published.draft if standing.published else None
    changes = differences(held, standing.draft.draft, asked.told) if standing.draft else []
    return asked.show(
        "strategy.html", one=standing, findings=refused.findings if refused else findings, versions=versions,
        changes=changes, refused=refused, status=status,
        says=differences(None, held, asked.told) if held else [], more=len(versions) == VERSIONS,
        stopped=EVERYTHING in await desk.killed(), trial=_trial(asked, standing),
        halted=asked.house.watchman.halted,
    )  # fmt: skip


def _trial(asked: Asked, standing: Standing) -> str:
    """The experiment that what is published for a share is, "" where there is none."""
    name = trial_name(standing.published) if standing.published is not None else ""
    return name if any(one.name == name for one in asked.house.effective().experiments) else ""


async def new(asked: Asked) -> Response:
    """A new strategy: first its name and kind, then its form."""
    name, decision = asked.query("name", 64), asked.query("decision", 64)
    knobs = asked.house.desk.knobs()
    if decision not in knobs:
        return asked.show("new.html", kinds=knobs, name=name)
    document = drafting.blank(name, decision)
    scope = {key: told for key in ("listing", "collection", "search") if (told := asked.query(f"scope.{key}"))}
    document["scope"] |= scope
    return _editor(asked, document, 0, fresh=True)


async def create(asked: Asked) -> Response:
    """Save the first version of a strategy."""
    return await _save(asked, asked.form.one("name", 64), fresh=True)


async def draft(asked: Asked) -> Response:
    """The form of a draft: as it was saved, else as it is published, else as the version asked for."""
    name, desk = asked.path("name"), asked.house.desk
    newest = await desk.versions(name, limit=1)
    if number := asked.query("from", 8):
        version = await desk.version(name, int(number) if number.isdecimal() else 0)
    else:
        standing = await desk.strategy(name)
        version = standing.draft or standing.published or newest[0]
    return _editor(asked, as_document(version.draft), newest[0].number if newest else 0)


async def save(asked: Asked) -> Response:
    """Save a draft, or go on writing where a rule was asked for."""
    return await _save(asked, asked.path("name"))


async def _save(asked: Asked, name: str, fresh: bool = False) -> Response:
    desk, form = asked.house.desk, asked.form
    decision = form.one("decision", 64)
    document = drafting.read_document(form, name, decision, desk.knobs().get(decision, ()))
    seen = form.one("seen", 8)
    number = int(seen) if seen.isdecimal() else 0
    if "save" not in form:
        return _editor(asked, document, number, fresh, why=form.one("why"))
    try:
        await desk.draft(asked.actor, document, form.one("why"), seen=number)
    except DeskError as error:
        if error.code == "NOT_ALLOWED":
            raise
        return _editor(asked, document, number, fresh, why=form.one("why"), fault=error)
    return asked.go(f"/console/strategies/{name}", "drafted")


def _editor(
    asked: Asked, document: dict[str, Any], seen: int, fresh: bool = False, why: str = "", fault: Any = None
) -> Response:
    knobs = asked.house.desk.knobs()
    return asked.show(
        "draft.html", document=document, seen=seen, fresh=fresh, why=why, fault=fault, modes=list(Mode),
        audiences=list(Audience), knobs=knobs.get(document["decision"], ()), rule_fields=drafting.RULE_FIELDS,
        rule_kinds=KINDS, listings=asked.house.desk.shelf.listings(), zone=asked.house.settings().shop_timezone,
        status=422 if fault else 200, whole=drafting.WHOLE,
    )  # fmt: skip


async def publish(asked: Asked) -> Response:
    """Publish the draft that was seen."""
    return await _publish(asked, "publish")


async def revert(asked: Asked) -> Response:
    """Publish an older version again."""
    return await _publish(asked, "revert")


async def _publish(asked: Asked, act: str) -> Response:
    name, form, desk = asked.path("name"), asked.form, asked.house.desk
    number, over = (form.one(key, 8) for key in ("number", "over"))
    change = desk.publish if act == "publish" else desk.revert
    try:
        await change(
            asked.actor, name, int(number) if number.isdecimal() else 0, form.one("why"),
            over=int(over) if over.isdecimal() else None,
        )  # fmt: skip
    except Refused as error:
        return await strategy(asked, error, 422)
    return asked.go(f"/console/strategies/{name}", f"{act}ed")


async def spread(asked: Asked) -> Response:
    """Serve what is published for more or fewer: a draft that changes nothing else, published at once."""
    name, form, desk = asked.path("name"), asked.form, asked.house.desk
    standing = await desk.strategy(name)
    if standing.published is None or standing.draft is not None:
        raise DeskError("only a published strategy without a draft can be turned up or down", code="DRAFT_THERE",
                        hint="publish the draft, or change how far it goes there")  # fmt: skip
    document = as_document(_reaching(standing, form.one("mode", 16), form.one("share", 8)))
    made = await desk.draft(asked.actor, document, form.one("why"), seen=None)
    try:
        await desk.publish(asked.actor, name, made.number, form.one("why"), over=standing.published.number)
    except Refused as error:
        return await strategy(asked, error, 422)
    return asked.go(f"/console/strategies/{name}", "published")


def _reaching(standing: Standing, mode: str, share: str) -> StrategyDraft:
    assert standing.published is not None
    document = as_document(standing.published.draft) | {"mode": mode, "share": drafting._share(share)}
    return replace(read_draft(document), name=standing.name)


async def stop(asked: Asked) -> Response:
    """Ask once more before something, or everything, is stopped."""
    name = asked.query("name", 64)
    return asked.show("stop.html", name=name, running=asked.house.effective().strategies)


async def kill(asked: Asked) -> Response:
    """Throw a kill switch: at once here, within a second everywhere."""
    name = asked.form.one("name", 64)
    await asked.house.desk.kill(asked.actor, name or None, asked.form.one("why"))
    return asked.go("/console" if not name else "/console/strategies", "killed")


async def release(asked: Asked) -> Response:
    """Take a kill switch back."""
    name = asked.form.one("name", 64)
    await asked.house.desk.revive(asked.actor, name or None, asked.form.one("why"))
    return asked.go("/console" if not name else "/console/strategies", "revived")


def _before(asked: Asked) -> int | None:
    told = asked.query("before", 8)
    return int(told) if told.isdecimal() else None
