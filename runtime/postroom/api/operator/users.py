"""People who may sign in, for the operator: how the first administrator of a tenant comes to be."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from litestar import get, post
from litestar.params import FromPath, JSONBody

from postroom.api.operator.parts import OperatorParts, Parts
from postroom.api.passwords import hashed
from postroom.api.people import PasswordBody, UserBody, UserView, UserViews, new_user, user_view
from postroom.api.problems import problem
from postroom.ports.audit import AuditEntry
from postroom.ports.people import User
from postroom.ports.store import Tx
from postroom.settings.schema import Tenant

OPERATOR = "operator's socket"
TAKEN = "There is a user of this account."
NOBODY = "There is no user of this account."
PROGRAM = f"{NOBODY} The tokens of programs under it are revoked."


@get("/users/{tenant:str}", summary="Who may sign in")
async def read_users(parts: Parts, tenant: FromPath[str]) -> UserViews:
    """Give every user of the tenant."""
    name = _tenant(parts, tenant).name
    users = await parts.store.read(lambda tx: tx.people.all(name))
    return UserViews(users=tuple(user_view(user) for user in users))


@post("/users/{tenant:str}", summary="Let somebody sign in", status_code=HTTPStatus.OK)
async def add_user(parts: Parts, tenant: FromPath[str], data: JSONBody[UserBody]) -> UserView:
    """Add a user; 409 where the account is taken."""
    user = await new_user(_tenant(parts, tenant), data, parts.offload, parts.time)

    def unit(tx: Tx) -> bool:
        is_new = tx.people.add(user)
        tx.audit.add(entry(parts, "add user", tenant, user.account, "" if is_new else TAKEN))
        return is_new

    if not await parts.store.write(unit):
        raise problem(HTTPStatus.CONFLICT, TAKEN, "taken")
    return user_view(user)


@post("/users/{tenant:str}/{account:str}/password", summary="Set a password", status_code=HTTPStatus.OK)
async def set_password(
    parts: Parts, tenant: FromPath[str], account: FromPath[str], data: JSONBody[PasswordBody]
) -> UserView:
    """Set it, and sign him out everywhere."""
    kept, now = await hashed(data.password, parts.offload), parts.time.now()

    def act(tx: Tx) -> bool:
        return tx.people.set_password(tenant, account, kept, now)

    return await _done_to(parts, "set password", (tenant, account), act)


@post("/users/{tenant:str}/{account:str}/disable", summary="Shut somebody out", status_code=HTTPStatus.OK)
async def disable_user(parts: Parts, tenant: FromPath[str], account: FromPath[str]) -> UserView:
    """Let him sign in no more, and sign him out everywhere."""

    def act(tx: Tx) -> bool:
        return tx.people.set_disabled(tenant, account, is_disabled=True)

    return await _done_to(parts, "disable user", (tenant, account), act)


@post("/users/{tenant:str}/{account:str}/revoke", summary="End all somebody has", status_code=HTTPStatus.OK)
async def revoke_user(parts: Parts, tenant: FromPath[str], account: FromPath[str]) -> UserView:
    """Sign him out everywhere, and revoke his tokens."""
    now = parts.time.now()

    def act(tx: Tx) -> bool:
        return bool(tx.people.sign_out_everywhere(tenant, account) + tx.people.revoke_of(tenant, account, now))

    return await _done_to(parts, "revoke user", (tenant, account), act)


async def _done_to(parts: OperatorParts, verb: str, whom: tuple[str, str], act: Callable[[Tx], bool]) -> UserView:
    """Do it to that user and write down how it went; `act` says whether it changed anything. Raises the 404 problem."""
    # Of tenants there are not, nothing is written.
    tenant, account = _tenant(parts, whom[0]).name, whom[1]

    def unit(tx: Tx) -> tuple[bool, User | None]:
        has_changed, user = act(tx), tx.people.get(tenant, account)
        tx.audit.add(entry(parts, verb, tenant, account, "" if has_changed or user is not None else NOBODY))
        return has_changed, user

    has_changed, user = await parts.store.write(unit)
    if user is None:
        raise problem(HTTPStatus.NOT_FOUND, PROGRAM if has_changed else NOBODY)
    return user_view(user)


def _tenant(parts: OperatorParts, name: str) -> Tenant:
    found = parts.current().tenant(name)
    if found is None:
        raise problem(HTTPStatus.NOT_FOUND, f"there is no tenant {name}")
    return found


def entry(parts: OperatorParts, act: str, tenant: str, about: str, refusal: str = "") -> AuditEntry:
    """The line of the audit log about what was done, or refused, through the operator's socket."""
    at, result = parts.time.now(), refusal or "done"
    return AuditEntry(at=at, tenant=tenant, actor=OPERATOR, role="", act=act, object=about, result=result)


ROUTES = (read_users, add_user, set_password, disable_user, revoke_user)
