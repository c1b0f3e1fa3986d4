"""People who may sign in, for the operator: how the first administrator of a tenant comes to be."""

from __future__ import annotations

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
        tx.audit.add(entry(parts, "add user", tenant, user.account))
        return tx.people.add(user)

    if not await parts.store.write(unit):
        raise problem(HTTPStatus.CONFLICT, "There is a user of this account.", "taken")
    return user_view(user)


@post("/users/{tenant:str}/{account:str}/password", summary="Set a password", status_code=HTTPStatus.OK)
async def set_password(
    parts: Parts, tenant: FromPath[str], account: FromPath[str], data: JSONBody[PasswordBody]
) -> UserView:
    """Set it, and sign him out everywhere."""
    kept, now = await hashed(data.password, parts.offload), parts.time.now()

    def unit(tx: Tx) -> User | None:
        tx.audit.add(entry(parts, "set password", tenant, account))
        tx.people.set_password(tenant, account, kept, now)
        return tx.people.get(tenant, account)

    return _there(await parts.store.write(unit))


@post("/users/{tenant:str}/{account:str}/disable", summary="Shut somebody out", status_code=HTTPStatus.OK)
async def disable_user(parts: Parts, tenant: FromPath[str], account: FromPath[str]) -> UserView:
    """Let him sign in no more, and sign him out everywhere."""

    def unit(tx: Tx) -> User | None:
        tx.audit.add(entry(parts, "disable user", tenant, account))
        tx.people.set_disabled(tenant, account, is_disabled=True)
        return tx.people.get(tenant, account)

    return _there(await parts.store.write(unit))


@post("/users/{tenant:str}/{account:str}/revoke", summary="End all somebody has", status_code=HTTPStatus.OK)
async def revoke_user(parts: Parts, tenant: FromPath[str], account: FromPath[str]) -> UserView:
    """Sign him out everywhere, and revoke his tokens."""
    now = parts.time.now()

    def unit(tx: Tx) -> User | None:
        tx.audit.add(entry(parts, "revoke user", tenant, account))
        tx.people.sign_out_everywhere(tenant, account)
        tx.people.revoke_of(tenant, account, now)
        return tx.people.get(tenant, account)

    return _there(await parts.store.write(unit))


def _tenant(parts: OperatorParts, name: str) -> Tenant:
    found = parts.current().tenant(name)
    if found is None:
        raise problem(HTTPStatus.NOT_FOUND, f"there is no tenant {name}")
    return found


def _there(user: User | None) -> UserView:
    if user is None:
        raise problem(HTTPStatus.NOT_FOUND, "there is no user of this account")
    return user_view(user)


def entry(parts: OperatorParts, act: str, tenant: str, about: str) -> AuditEntry:
    """The line of the audit log about what was done through the operator's socket."""
    at = parts.time.now()
    return AuditEntry(at=at, tenant=tenant, actor=OPERATOR, role="", act=act, object=about, result="done")


ROUTES = (read_users, add_user, set_password, disable_user, revoke_user)
