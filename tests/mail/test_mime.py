from __future__ import annotations

from postroom.mail import mime
from postroom.mail.headers import split_header
from postroom.mail.limits import Limits
from postroom.mail.mime import Tree, read_parts


def tree(text: str, limits: Limits | None = None) -> tuple[Tree, bytes]:
    raw = text.replace("\n", "\r\n").encode()
    return read_parts(raw, split_header(raw), limits or Limits()), raw


def contents(text: str) -> list[tuple[int, str, bytes]]:
    found, raw = tree(text)
    return [(part.depth, part.content_type, part.content(raw)) for part in found.parts if not part.has_parts]


MIXED = (
    "Content-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n\none\n"
    "--b\nContent-Type: text/html\n\n<p>two\n--b--\nend\n"
)


def test_parts_end_before_the_line_end_of_their_boundary() -> None:
    assert contents(MIXED) == [(1, "text/plain", b"one"), (1, "text/html", b"<p>two")]
    assert tree(MIXED)[0].defects == ()


def test_lf_mails_have_the_same_parts() -> None:
    raw = MIXED.encode()
    parts = read_parts(raw, split_header(raw)).parts
    assert [part.content(raw) for part in parts[1:]] == [b"one", b"<p>two"]


def test_a_boundary_may_end_in_white_space_and_not_in_anything_else() -> None:
    assert contents("Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\none\n--bb\ntwo\n--b--\n") == [
        (1, "text/plain", b"one\r\n--bb\r\ntwo")
    ]


def test_an_outer_boundary_ends_the_inner_parts() -> None:
    text = (
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/alternative; boundary=i\n\n"
        "--i\n\none\n--o\n\ntwo\n--o--\n"
    )
    assert contents(text) == [(2, "text/plain", b"one"), (1, "text/plain", b"two")]
    assert mime.UNCLOSED in tree(text)[0].defects


def test_the_innermost_of_two_readings_of_a_boundary_wins() -> None:
    text = 'Content-Type: multipart/mixed; boundary="a--"\n\n--a--\nContent-Type: multipart/mixed; boundary="a----"\n\n'
    assert contents(text + "--a----\n\nbody\n--a------\n--a----\n") == [(2, "text/plain", b"body")]


def test_a_part_without_a_blank_line_ends_at_the_next_boundary() -> None:
    text = "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n--x\n--b\n\ntwo\n--b--\n"
    assert contents(text)[-1] == (1, "text/plain", b"two")
    assert contents(text)[0][1:] == ("text/html", b"--x")


def test_a_mail_cut_short_keeps_what_came() -> None:
    found, raw = tree("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhalf a sent")
    assert (found.parts[1].content(raw), found.defects) == (b"half a sent", (mime.UNCLOSED,))
    assert contents("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b")[0][2] == b"one"


def test_a_multipart_without_parts_or_boundary_is_text_to_read() -> None:
    for head in ("Content-Type: multipart/mixed; boundary=b\n\n", "Content-Type: multipart/mixed\n\n"):
        found, raw = tree(head + "hello")
        assert (found.parts[0].leaf_type, found.parts[0].content(raw)) == ("text/plain", b"hello")
        assert mime.NO_PARTS in found.defects
    assert mime.NO_BOUNDARY in tree("Content-Type: multipart/mixed; boundary=" + "b" * 2000 + "\n\n")[0].defects


def test_a_message_inside_the_mail_is_opened_and_marked() -> None:
    text = (
        "Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n"
        "Content-Type: multipart/mixed; boundary=i\n\n--i\n\nin\n--i--\n--o\n\nout\n--o--\n"
    )
    found, raw = tree(text)
    shape = [(part.depth, part.content_type, part.inside) for part in found.parts]
    assert shape == [
        (0, "multipart/mixed", False),
        (1, "message/rfc822", False),
        (2, "multipart/mixed", True),
        (3, "text/plain", True),
        (1, "text/plain", False),
    ]
    assert found.parts[1].content(raw).startswith(b"Content-Type: multipart/mixed; boundary=i")
    assert found.parts[1].content(raw).endswith(b"--i--")


def test_the_parts_of_a_digest_are_messages() -> None:
    text = "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\nbody\n--b--\n"
    assert [part.content_type for part in tree(text)[0].parts] == ["multipart/digest", "message/rfc822", "text/plain"]


def test_an_encoded_message_is_an_attachment_and_an_encoded_multipart_is_read_as_it_stands() -> None:
    found, _ = tree("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogeA==\n")
    assert (len(found.parts), found.defects) == (1, (mime.ENCODED_CONTAINER,))
    found, _ = tree(MIXED.replace("\n\npre", "\nContent-Transfer-Encoding: base64\n\npre", 1))
    assert (len(found.parts), mime.ENCODED_CONTAINER in found.defects) == (3, True)


def test_depth_and_number_of_parts_are_bounded() -> None:
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(300))
    found, _ = tree(deep + "\nx")
    assert (max(part.depth for part in found.parts), mime.TOO_DEEP in found.defects) == (100, True)
    wide = "Content-Type: multipart/mixed; boundary=b\n\n" + "--b\n\nx\n" * 5_000
    found, _ = tree(wide)
    assert (len(found.parts), mime.TOO_MANY_PARTS in found.defects) == (1_000, True)
    nested = "Content-Type: message/rfc822\n\n" * 50
    assert mime.TOO_MANY_PARTS in tree(nested, Limits(parts=10))[0].defects
    assert mime.TOO_MANY_PARTS in tree(MIXED + "--x\n" * 50, Limits(boundary_lines=2))[0].defects


def test_a_part_that_says_twice_what_it_is_is_read_by_the_first_and_said() -> None:
    text = "Content-Type: text/html\nContent-Type: text/plain\n\n<p>x\n"
    found, _ = tree(text)
    assert (found.parts[0].content_type, found.defects) == ("text/html", (mime.TWICE,))


def test_an_unknown_encoding_is_said() -> None:
    assert tree("Content-Transfer-Encoding: x-odd\n\nx")[0].defects == (mime.UNKNOWN_ENCODING,)


def test_names_and_ids_of_a_part_are_read() -> None:
    text = (
        "Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename*=utf-8''%E2%82%AC.pdf\n"
        "Content-ID: <c1@x>\n\n"
    )
    part = tree(text)[0].parts[0]
    assert (part.name, part.content_id, part.disposition) == ("€.pdf", "c1@x", "attachment")
    assert tree("Content-Type: application/pdf; name=a.pdf\n\n")[0].parts[0].name == "a.pdf"


def test_too_many_lines_like_boundaries_in_a_part_header_end_the_look_for_one() -> None:
    text = "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + "--x\n" * 500 + "\nbody\n--b--\n"
    assert contents(text)[0][2].endswith(b"body")
