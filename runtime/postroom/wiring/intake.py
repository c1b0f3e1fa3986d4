"""Builds what brings mails in: a loop for each receiving gateway, and the reading of difficult mails."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

from postroom.engine.board import StatusBoard
from postroom.engine.collect import Collector
from postroom.engine.collecting import Collecting
from postroom.engine.collecting_queue import Budget
from postroom.engine.collecting_session import Shared
from postroom.engine.intake import Intake
from postroom.engine.settle import Settler
from postroom.engine.space_watch import SpaceWatch
from postroom.engine.supervisor import Loop
from postroom.engine.switches import Switches
from postroom.engine.verdict import IntakeRules
from postroom.ports.records import Receipt
from postroom.settings import compile as compiled
from postroom.settings.schema import Box, Tenant
from postroom.store.space import free_space, room_for
from postroom.wiring.parts import Parts, gateways


def intake_loops(parts: Parts, board: StatusBoard, switches: Switches) -> list[Loop]:
    """What finishes the work of a process that was killed, and a loop for each receiving gateway."""
    settler = Settler(parts.step, parts.clock, parts.ids, parts.failpoint)
    intake = Intake(
        parts.store,
        parts.blobs,
        parts.offload,
        parts.readers,
        settler,
        parts.clock,
        parts.ids,
        parts.failpoint,
        board.settled,
    )
    collecting = [_collecting(parts, *one) for one in gateways(parts.generation, Box)]
    rules = {one.rules.gateway_key: one.rules for one in collecting}
    shared = Shared(
        intake=intake,
        store=parts.store,
        spooler=parts.blobs,
        budget=Budget(),
        space=SpaceWatch(partial(_has_room, parts.store_folder), parts.offload),
        clock=parts.clock,
        jitter=parts.ids.chance,
    )
    # Beside the collectors, not before them: what a dead process left may take a child process each to read.
    rules_of = partial(_rules_of, rules)
    difficult = Loop(name="difficult mails", run=lambda _: intake.difficult.run(rules_of))
    return [difficult, *(_collector(one, shared, board, switches) for one in collecting)]


def _rules_of(rules: dict[str, IntakeRules], receipt: Receipt) -> IntakeRules | None:
    return rules.get(receipt.gateway)


def rules_for(parts: Parts, tenant: Tenant, gateway: Box) -> IntakeRules:
    """What intake needs of one receiving gateway's settings."""
    return IntakeRules(
        tenant=tenant.name,
        gateway=gateway.name,
        identity=compiled.identity(tenant, gateway),
        routes=parts.routes[tenant.name],
        automatic_mail=compiled.automatic_mail(tenant),
        ring=parts.ring,
    )


def _collecting(parts: Parts, tenant: Tenant, gateway: Box) -> Collecting:
    return Collecting(
        gateway=parts.builder.receiving(tenant, gateway, telling=True),
        rules=rules_for(parts, tenant, gateway),
        poll_every=gateway.poll_every,
        poll_min=gateway.poll_min,
        poll_max=gateway.poll_max,
        batch=gateway.batch,
        largest=gateway.max_message_size,
        leave_on_server=gateway.leave_on_server or getattr(gateway, "after_intake", "") == "flag",
        leave_for=timedelta(days=gateway.leave_days) if gateway.leave_days is not None else None,
    )


def _collector(collecting: Collecting, shared: Shared, board: StatusBoard, switches: Switches) -> Loop:
    switch = switches.of(collecting.rules.tenant, collecting.rules.gateway)
    collector = Collector(lambda: collecting, shared, board, switch)
    return Loop(name=f"collect {collecting.rules.gateway_key}", run=collector.run, drains=True)


def _has_room(folder: Path, largest: int) -> bool:
    return room_for(free_space(folder), largest)
