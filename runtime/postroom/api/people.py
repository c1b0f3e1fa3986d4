"""What is said of the people of a tenant, and what a new one must be like; both doors that look after them share it."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from msgspec import Meta, Struct

from postroom.api.passwords import NewPassword, hashed
from postroom.api.problems import problem
from postroom.ports.people import DESK, Role, Scope, User
from postroom.ports.world import Clock, Offload
from postroom.settings.schema import Tenant

Account = Annotated[str, Meta(min_length=1, max_length=320, pattern=r"^[A-Za-z0-9._@+-]+$")]
Name = Annotated[str, Meta(max_length=200)]
Part = Annotated[str, Meta(min_length=1, max_length=64)]
QueueNames = Annotated[tuple[Part, ...], Meta(max_length=100)]


class UserBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new user: his role reaches over the tenant, or his unit, or the queues named.

    An agent or supervisor is one of the settings' agents, and name, role and unit are as the settings say.
    """

    account: Account
    password: NewPassword
    role: Role
    name: Name = ""
    ou: Part | None = None
    queues: QueueNames = ()


class PasswordBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password he shall have."""

    password: NewPassword


class UserView(Struct, frozen=True, kw_only=True):
    """A user."""

    account: str
    name: str
    role: Role
    ou: str | None
    queues: tuple[str, ...]
    disabled: bool
    created_at: datetime
    password_changed_at: datetime


class UserViews(Struct, frozen=True, kw_only=True):
    """Every user by account."""

    users: tuple[UserView, ...]


async def new_user(tenant: Tenant, data: UserBody, offload: Offload, clock: Clock) -> User:
    """Make the user. Raises the 422 problem where he does not fit the settings."""
    problems = scope_problems(tenant, data.account, data.role, Scope(ou=data.ou, queues=data.queues))
    if problems:
        words = "The request is not as it must be."
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, words, "invalid", problems=problems)
    now = clock.now()
    return User(
        tenant=tenant.name,
        account=data.account,
        name=data.name,
        role=data.role,
        scope=Scope(ou=data.ou, queues=data.queues),
        password=await hashed(data.password, offload),
        created_at=now,
        changed_at=now,
    )


def scope_problems(tenant: Tenant, account: str, role: Role, scope: Scope) -> tuple[str, ...]:
    """What of it is not in the settings."""
    found = [f"queues: there is no queue {name!r}" for name in scope.queues if tenant.queue(name) is None]
    if scope.ou is not None and all(unit.name != scope.ou for unit in tenant.ous):
        found.append(f"ou: there is no unit {scope.ou!r}")
    if role in DESK and tenant.agent(account) is None:
        found.append(f"account: the settings have no agent {account!r}")
    if role in DESK and scope != Scope():
        found.append("ou, queues: those of an agent or supervisor stand in the settings")
    return tuple(found)


def user_view(user: User) -> UserView:
    """A user without his password."""
    return UserView(
        account=user.account,
        name=user.name,
        role=user.role,
        ou=user.scope.ou,
        queues=user.scope.queues,
        disabled=user.is_disabled,
        created_at=user.created_at,
        password_changed_at=user.changed_at,
    )
