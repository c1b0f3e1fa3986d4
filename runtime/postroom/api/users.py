"""The people of a tenant, for its administrators: who may sign in, as what, and how far that reaches."""

from __future__ import annotations

from http import HTTPStatus

from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody

from postroom.api.access import tenant_of
from postroom.api.auth import SignedIn
from postroom.api.idempotency import Answer, Asked, as_response, ok, once
from postroom.api.parts import Parts
from postroom.api.passwords import hashed
from postroom.api.people import PasswordBody, UserBody, UserView, UserViews, new_user, user_view
from postroom.api.problems import Problem, not_found, problem
from postroom.ports.store import Tx


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


ROUTES = (read_users, add_user, set_password, disable_user, enable_user, revoke_user)
