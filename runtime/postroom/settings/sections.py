"""The parts of a tenant's settings by name, as they stand in the schema: lists of named things, and single values."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from msgspec import Struct, structs

from postroom.settings.convert import Kind, unwrapped
from postroom.settings.schema import Tenant


class Section(Struct, frozen=True, kw_only=True):
    """One key of a tenant; `key` is what its things are named by, empty for a single value."""

    name: str
    kind: Kind
    """The type of one thing, or of the value."""
    key: str = ""

    def index(self, tenant: Tenant, name: str) -> int | None:
        """Where in the list the thing of that name is, or None."""
        return next((index for index, one in enumerate(self.held(tenant)) if self.name_of(one) == name), None)

    def held(self, tenant: Tenant) -> Any:  # noqa: ANN401 of any section
        """What the tenant has there."""
        return getattr(tenant, self.name)

    def name_of(self, one: Struct) -> str:
        """The name of a thing."""
        return str(getattr(one, self.key))


def _section(field: structs.FieldInfo) -> Section:
    kind, _ = unwrapped(field.type)
    origin: Kind = get_origin(kind)
    item = get_args(kind)[0] if origin is tuple else None
    first = (get_args(item) or (item,))[0]
    if isinstance(first, type) and issubclass(first, Struct):
        fields = {one.name for one in structs.fields(first)}
        return Section(name=field.name, kind=item, key="account" if "account" in fields else "name")
    return Section(name=field.name, kind=field.type)


SECTIONS = {field.name: _section(field) for field in structs.fields(Tenant) if field.name != "name"}
