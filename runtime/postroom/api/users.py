"""The people of a tenant, for its administrators: who may sign in, as what, and how far that reaches."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from postroom.api.access import tenant_of
from postroom.api.auth import SignedIn
from postroom.api.commands import refused
from postroom.api.idempotency import Answer, Asked, as_response, ok, once
from postroom.api.parts import Parts
from postroom.api.passwords import NewPassword, hashed
from postroom.api.problems import Problem, not_found, problem
from postroom.ports.people import DESK, Role, Scope, User
from postroom.ports.store import Tx
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


@get("/users", summary="As administrator, who may sign in")
async def read_users(parts: Parts, caller: SignedIn) -> UserViews:
    """Give every user of the tenant, disabled ones too."""
    users = await parts.store.read(lambda tx: tx.people.all(caller.tenant))
    return UserViews(users=tuple(user_view(user) for user in users))


@post("/users", summary="As administrator, let somebody sign in", status_code=HTTPStatus.CREATED)
async def add_user(parts: Parts, repeatable: Asked, data: JSONBody[UserBody]) -> Response[UserView]:
    """Add a user; 409 where the account is taken."""
    tenant = tenant_of(parts.current(), repeatable.caller)
    user = await new_user(tenant, data, parts.offload, parts.clock)

    def unit(tx: Tx) -> Answer | Problem:
        if not tx.people.add(user):
            return problem(HTTPStatus.CONFLICT, "There is a user of this account.", "taken")
        return ok(user_view(user), HTTPStatus.CREATED)

    return as_response(await once(parts, repeatable, unit))


async def new_user(tenant: Tenant, data: UserBody, offload: Offload, clock: Clock) -> User:
    """Make the user. Raises the 422 problem where he does not fit the settings."""
    problems = scope_problems(tenant, data.account, data.role, Scope(ou=data.ou, queues=data.queues))
    if problems:
        raise refused(*problems)
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


@put("/users/{account:str}/password", summary="As administrator, set a password", status_code=HTTPStatus.NO_CONTENT)
async def set_password(
    parts: Parts, repeatable: Asked, account: FromPath[str], data: JSONBody[PasswordBody]
) -> Response[None]:
    """Set it, and sign him out everywhere."""
    tenant, now = repeatable.caller.tenant, parts.clock.now()
    kept = await hashed(data.password, parts.offload)

    def unit(tx: Tx) -> Answer | Problem:
        return _done(is_there=tx.people.set_password(tenant, account, kept, now))

    return as_response(await once(parts, repeatable, unit))


@post("/users/{account:str}/disable", summary="As administrator, shut him out", status_code=HTTPStatus.NO_CONTENT)
async def disable_user(parts: Parts, repeatable: Asked, account: FromPath[str]) -> Response[None]:
    """Let him sign in no more, and sign him out everywhere; his tokens are not touched."""
    tenant = repeatable.caller.tenant
    if account == repeatable.caller.account:
        raise problem(HTTPStatus.CONFLICT, "You would shut yourself out.", "not-possible")

    def unit(tx: Tx) -> Answer | Problem:
        return _done(is_there=tx.people.set_disabled(tenant, account, is_disabled=True))

    return as_response(await once(parts, repeatable, unit))


@post("/users/{account:str}/enable", summary="As administrator, let him in again", status_code=HTTPStatus.NO_CONTENT)
async def enable_user(parts: Parts, repeatable: Asked, account: FromPath[str]) -> Response[None]:
    """Let him sign in again."""
    tenant = repeatable.caller.tenant

    def unit(tx: Tx) -> Answer | Problem:
        return _done(is_there=tx.people.set_disabled(tenant, account, is_disabled=False))

    return as_response(await once(parts, repeatable, unit))


@post("/users/{account:str}/revoke", summary="As administrator, end all he has", status_code=HTTPStatus.NO_CONTENT)
async def revoke_user(parts: Parts, repeatable: Asked, account: FromPath[str]) -> Response[None]:
    """Sign him out everywhere, and revoke his tokens; he may sign in again with his password."""
    tenant, now = repeatable.caller.tenant, parts.clock.now()

    def unit(tx: Tx) -> Answer | Problem:
        ended = tx.people.sign_out_everywhere(tenant, account) + tx.people.revoke_of(tenant, account, now)
        return _done(is_there=bool(ended) or tx.people.get(tenant, account) is not None)

    return as_response(await once(parts, repeatable, unit))


def _done(*, is_there: bool) -> Answer | Problem:
    return Answer(status=HTTPStatus.NO_CONTENT) if is_there else not_found()


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


ROUTES = (read_users, add_user, set_password, disable_user, enable_user, revoke_user)
