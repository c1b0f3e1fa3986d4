"""From the settings to gateways that work: certificates, tokens and folders as an administrator writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.gateways.build import Builder
from postroom.gateways.trial import try_gateways
from postroom.ports.gateways import GatewayStatus
from postroom.settings.schema import Generation
from postroom.store.kept import FOLDER, FileKeeper
from tests.gateways.test_smtp.world import WallClock, nowhere
from tests.settings.making import loaded, tenant
from tests.support.certificates import Authority
from tests.support.imap_script import ScriptedImap
from tests.support.inline import InlineOffload
from tests.support.pop3_script import ScriptedServer
from tests.support.smtp_script import ScriptedServer as SmtpServer
from tests.support.token_server import TokenServer, token

BOX = """\
  - kind: {kind}
    name: {name}
    host: localhost
    port: {port}
    user: {name}@example.org
    certificate: private
    auth: xoauth2
    oauth2:
      token_endpoint: {endpoint}
      client_id: desk
      grant: refresh_token
      refresh_token: file:password
{more}"""


def generation(folder: Path, gateways: str, authority: Authority) -> Generation:
    (folder / "private.cer").write_bytes(authority.der)
    known = "certificates:\n  - {name: private, file: private.cer, trust: only}\n"
    return loaded(folder, f"{known}gateways:\n{gateways}").require()


def builder(folder: Path) -> Builder:
    return Builder(folder, WallClock(), nowhere, FileKeeper(folder / "var", InlineOffload()))


async def test_gateways_of_every_kind_sign_in_with_one_grant_over_tls(tmp_path: Path, authority: Authority) -> None:
    context = authority.server_context()
    endpoint = TokenServer([token(1, refresh_token="rt-1")])
    pop3 = ScriptedServer(context=context, implicit_tls=True, capabilities=("SASL XOAUTH2", "UIDL"))
    imap = ScriptedImap(context=context, implicit_tls=True, capabilities=("AUTH=XOAUTH2", "UIDPLUS"))
    async with endpoint.serving(), pop3.serving(), imap.serving(), SmtpServer(tls=context, implicit_tls=True) as smtp:
        sending = "    from_address: a@example.org\n"
        kinds = (("pop3", pop3.port, ""), ("imap", imap.port, ""), ("smtp", smtp.port, sending))
        text = "".join(
            BOX.format(kind=kind, name=f"the_{kind}", port=port, endpoint=endpoint.url, more=more)
            for kind, port, more in kinds
        )
        tried = await try_gateways(generation(tmp_path, text, authority), builder(tmp_path))
    succeeded = GatewayStatus.CONNECTION_SUCCEEDED.value
    assert tried == [(f"acme/the_{kind}", kind, succeeded, "") for kind, _, _ in kinds]
    assert [form["refresh_token"] for form in endpoint.forms] == ["s3cret-of-the-box"]
    assert len(list((tmp_path / "var" / FOLDER).iterdir())) == 1


async def test_a_certificate_that_went_missing_is_said_and_nothing_is_sent(
    tmp_path: Path, authority: Authority
) -> None:
    box = BOX.format(kind="imap", name="inbox", port=1, endpoint="https://a.example/t", more="")
    valid = generation(tmp_path, box, authority)
    (tmp_path / "private.cer").unlink()
    (row,) = await try_gateways(valid, builder(tmp_path))
    assert row[2] == GatewayStatus.CONNECTION_FAILED.value
    assert "private.cer cannot be read" in row[3]


@pytest.mark.parametrize("kind", ["pop3", "imap"])
async def test_a_server_of_another_authority_gets_no_token(tmp_path: Path, authority: Authority, kind: str) -> None:
    context = Authority().server_context()
    endpoint, pop3 = TokenServer(), ScriptedServer(context=context, implicit_tls=True)
    imap = ScriptedImap(context=context, implicit_tls=True)
    async with endpoint.serving(), pop3.serving(), imap.serving():
        port = pop3.port if kind == "pop3" else imap.port
        box = BOX.format(kind=kind, name="inbox", port=port, endpoint=endpoint.url, more="")
        (row,) = await try_gateways(generation(tmp_path, box, authority), builder(tmp_path))
    assert "give that authority's certificate to trust" in row[3]
    assert not endpoint.forms
    assert pop3.received == imap.received == []


def test_a_tenant_without_certificates_or_tokens_has_nothing_of_either(tmp_path: Path) -> None:
    found = loaded(tmp_path, tenant()).require().tenants[0]
    assert [builder(tmp_path).tokens(found, gateway) for gateway in found.gateways] == [None, None]
