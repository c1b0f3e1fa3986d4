"""People signing in and out with a browser, and changing their own password.

The cookie is HttpOnly, Secure and SameSite=Strict; of what it holds only the hash is kept. A changed password ends
every sign-in of its owner.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Request, Response, post, put
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation
from msgspec import Meta, Struct

from postroom.api.auth import COOKIE, Caller, Known, SignedIn, address_of
from postroom.api.credentials import digest_of
from postroom.api.idempotency import Answer, Asked, Repeatable, as_response, audit_entry, once, refusals_written
from postroom.api.parts import ApiParts, Parts
from postroom.api.passwords import NewPassword, Password, hashed, is_right
from postroom.api.problems import Problem, problem
from postroom.api.rates import Rates
from postroom.ports.people import Role, SignedInBrowser, User
from postroom.ports.store import Tx

Account = Annotated[str, Meta(min_length=1, max_length=320)]
Paced = NamedDependency[SkipValidation[Rates]]
ACT = "POST /sign-in"


class SignInBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who comes in."""

    account: Account
    password: Password


class SignedInAs(Struct, frozen=True, kw_only=True):
    """Who is signed in from now on, and until when."""

    tenant: str
    account: str
    role: Role
    until: datetime


class OwnPasswordBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password as it is and as it shall be."""

    present: Password
    new: NewPassword


@post("/sign-in", summary="Sign in with a password", status_code=HTTPStatus.OK)
async def sign_in(  # noqa: PLR0917 what a route asks for
    parts: Parts,
    directory: Known,
    rates: Paced,
    request: Request[Any, Any, Any],
    tenant: FromPath[str],
    data: JSONBody[SignInBody],
) -> Response[SignedInAs]:
    """Give the browser its cookie; 401 whatever was wrong, after the same time."""
    rates.signing_in(tenant, data.account, address_of(request.scope))
    user = await parts.store.read(lambda tx: tx.people.get(tenant, data.account))
    is_he = await is_right(data.password, user.password if user is not None else None, parts.offload)
    caller = directory.user(user) if user is not None and is_he else None
    if caller is None:
        raise await _refused(parts, tenant, data.account)
    return await _signed_in(parts, caller)


async def _signed_in(parts: ApiParts, caller: Caller) -> Response[SignedInAs]:
    secret, now = parts.ids.secret(), parts.clock.now()
    lasts = parts.current().process.http.sign_in_for
    browser = SignedInBrowser(
        digest=digest_of(secret.encode()),
        tenant=caller.tenant,
        account=caller.account,
        created_at=now,
        expires_at=now + timedelta(seconds=lasts),
    )

    def unit(tx: Tx) -> None:
        tx.people.sign_in(browser)
        tx.audit.add(audit_entry(_asked(caller), now, Answer()))

    await parts.store.write(unit)
    shown = SignedInAs(tenant=caller.tenant, account=caller.account, role=caller.role, until=browser.expires_at)
    return Response(content=shown, cookies=[_cookie(secret, round(lasts))])


async def _refused(parts: ApiParts, tenant: str, account: str) -> Problem:
    """Write down that somebody was not let in, and give the 401 problem; of unknown tenants nothing is written."""
    refusal = problem(HTTPStatus.UNAUTHORIZED, "Account or password are wrong.", "not-signed-in")
    if parts.current().tenant(tenant) is not None:
        entry = audit_entry(_asked(Caller(tenant=tenant, account=account, digest="")), parts.clock.now(), refusal)
        await parts.store.write(lambda tx: tx.audit.add(entry))
    return refusal


def _asked(caller: Caller) -> Repeatable:
    return Repeatable(caller=caller, key=None, request_hash="", act=ACT, object=caller.account)


def _cookie(value: str, lasts: int) -> Cookie:
    return Cookie(key=COOKIE, value=value, max_age=lasts, path="/", secure=True, httponly=True, samesite="strict")


@post("/sign-out", summary="Sign this browser out", status_code=HTTPStatus.NO_CONTENT)
async def sign_out(parts: Parts, repeatable: Asked) -> Response[None]:
    """Forget the browser's sign-in; a token stays what it is."""

    def unit(tx: Tx) -> Answer:
        tx.people.sign_out(repeatable.caller.digest)
        return Answer(status=HTTPStatus.NO_CONTENT)

    response = as_response(await once(parts, repeatable, unit))
    response.cookies = [_cookie("", 0)]
    return response


@put("/me/password", summary="Change my password", status_code=HTTPStatus.NO_CONTENT)
async def set_my_password(
    parts: Parts, rates: Paced, caller: SignedIn, repeatable: Asked, data: JSONBody[OwnPasswordBody]
) -> Response[None]:
    """Set it where the present one is right; every browser of mine is signed out, this one too."""
    rates.signing_in(caller.tenant, caller.account, "")
    user = await parts.store.read(lambda tx: tx.people.get(caller.tenant, caller.account))
    async with refusals_written(parts, repeatable):
        if not await is_right(data.present, _password_of(user), parts.offload):
            raise problem(HTTPStatus.FORBIDDEN, "This is not your present password.", "wrong-password")
    kept, now = await hashed(data.new, parts.offload), parts.clock.now()

    def unit(tx: Tx) -> Answer | Problem:
        tx.people.set_password(caller.tenant, caller.account, kept, now)
        return Answer(status=HTTPStatus.NO_CONTENT)

    return as_response(await once(parts, repeatable, unit))


def _password_of(user: User | None) -> str | None:
    return user.password if user is not None else None


ROUTES = (sign_out, set_my_password)
OPEN_ROUTES = (sign_in,)
"""Asked by who is not signed in."""
