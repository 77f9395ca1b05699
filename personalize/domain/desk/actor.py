"""Who acts at the operator's desk, and what a role may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from personalize.errors import DeskError


class Role(StrEnum):
    """What somebody may do at the desk; each may also do what those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody at the desk: the name that the audit keeps, and their role."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Whether this is somebody of that role or a higher one."""
        return _RANK[self.role] >= _RANK[role]

    def needs(self, role: Role) -> None:
        """Raises `DeskError` where this is nobody of that role."""
        if not self.may(role):
            raise DeskError(
                f"{self.name!r} is a {self.role}, and this needs {role}",
                code="NOT_ALLOWED", hint="ask somebody who may, or have an admin change the role",
            )  # fmt: skip


TOKEN = Actor("token", Role.OPERATOR)
"""Whoever brings the setting `operator_token`: may do with strategies what an operator may, and nothing with people."""
