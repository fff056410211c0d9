"""Operating a running case by hand: what rests, what moves, what is changed, how one goes back, and who may."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine.errors import NotAllowed, NotFound, Refusal
from engine.history import Event
from engine.people import Department, Person
from engine.ports import Failed
from engine.process import checkpoints, editing, instances, operating, outbox, resting, tasks
from engine.process.advancing import Happened, Unreadable
from engine.process.checkpoints import Checkpoint
from engine.process.definitions import Definition, DefinitionFile, Source
from engine.process.instances import Instance
from engine.process.overrides import ReasonMissing, ReasonTooLong
from engine.process.runner import TokenGone
from engine.process.spiff import moving
from engine.process.tasks import UserTask
from tests.conftest import MONDAY
from tests.engine.process.kit import (
    World,
    after,
    asks,
    caught,
    choice,
    diagram,
    end,
    fork,
    form,
    hear,
    service,
    start,
    task,
    wait,
    way,
)

Act = Callable[[Session, Instance, Person], object]


@pytest.fixture
def hand(world: World, dorota: Person) -> Callable[..., None]:
    """``hand(verb, id, …)``: Dorota does it, for a reason, in a transaction of its own."""

    def act(verb: Callable[..., object], id_: int, *what: Any, reason: str = "it stood wrong") -> None:
        with world.factory.begin() as session:
            case, by = session.get_one(Instance, id_), session.get_one(Person, dorota.id)
            verb(session, case, *what, reason, by=by, now=world.now)

    return act


@pytest.fixture
def order(world: World, departments: dict[str, Department]) -> Definition:
    """Sales takes an order; packing and invoicing run side by side; then it is checked."""
    return world.deploy(
        diagram(
            "order",
            start(),
            task("take", form="take"),
            fork("split"),
            task("pack"),
            task("invoice"),
            fork("join"),
            choice("large", default="large_done"),
            task("check"),
            after("too_long", "check", "PT1H"),
            end(),
            way("begin", "take", "split", "pack", "join", "large", "done"),
            way("split", "invoice", "join"),
            way("large", "check", when="amount > 100"),
            way("check", "done"),
            way("too_long", "done"),
        ),
        form("take", asks("amount", "integer")),
    )


@pytest.fixture
def booking(world: World, departments: dict[str, Department]) -> Definition:
    """A carrier is booked by its connector; then it is shipped."""
    return world.deploy(
        diagram(
            "booking",
            start(form="ask"),
            service(
                "book", connector="shop", operation="book", in__sku="sku", in__password="'x'", out="parcel"
            ),
            caught("refused", "book", "NO_STOCK"),
            task("ship", form="ship"),
            task("offer_other"),
            end(),
            way("begin", "book", "ship", "done"),
            way("refused", "offer_other", "done"),
        ),
        form("ask", asks("sku", "text")),
        form("ship", asks("parcel", "text")),
    )


@pytest.fixture
def reminder(world: World) -> Definition:
    """Waits an hour, then somebody calls, unless the client writes first."""
    return world.deploy(
        diagram("reminder", start(), wait("pause", "PT1H", clock="round"), task("call"), hear("news", "news"), end(),
                way("begin", "pause", "call", "news", "done"))
    )  # fmt: skip


def overrides(world: World, id_: int) -> list[dict[str, Any]]:
    return [fact.data for fact in world.rows(Event) if fact.kind == "overridden" and fact.instance_id == id_]


def token_of(world: World, id_: int, element: str) -> str:
    with world.looking() as session:
        query = select(UserTask.token).where(UserTask.instance_id == id_, UserTask.element == element)
        return session.scalars(query.where(UserTask.closed_at.is_(None))).one()


def spoil(world: World, id_: int, state: bytes = b"\xff not a state") -> None:
    with world.factory.begin() as session:
        session.execute(update(Instance).where(Instance.id == id_).values(state=state))


# ------------------------------------------------------------------------------------------------------ resting


def test_a_suspended_case_refuses_its_people_with_who_and_why(
    world: World, order: Definition, hand: Callable[..., None], anna: Person
) -> None:
    id_ = world.start(order)
    hand(operating.suspend, id_, reason="the client is away")

    with pytest.raises(instances.Suspended) as refused:
        world.complete(id_, "take", amount="5")
    assert "Dorota Sowa" in str(refused.value)
    assert "the client is away" in str(refused.value)
    with world.factory() as session:
        mine, by = tasks.open_of(session, id_)[0], session.get_one(Person, anna.id)
        with pytest.raises(instances.Suspended):
            tasks.claim(session, mine, by=by, now=MONDAY)
    with world.factory() as session, pytest.raises(instances.Suspended):
        instances.send(session, session.get_one(Instance, id_), "news", {}, by=None, now=MONDAY)
    assert world.history(id_)[-1] == "overridden"


def test_a_resumed_case_goes_on_where_it_stood(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    hand(operating.suspend, id_)
    hand(operating.resume, id_)

    world.complete(id_, "take", amount="5")

    assert world.open_(id_) == ["pack", "invoice"]
    assert [fact["what"] for fact in overrides(world, id_)] == ["suspended", "resumed"]


def test_timers_of_a_resting_case_wait_and_fire_in_order_when_it_is_resumed(
    world: World, hand: Callable[..., None]
) -> None:
    two = world.deploy(
        diagram("two", start(), fork("split"), wait("long", "PT3H", clock="round"), wait("short", "PT2H", clock="round"),
                fork("join"), end(), way("begin", "split", "long", "join", "done"), way("split", "short", "join"))
    )  # fmt: skip
    id_ = world.start(two)
    hand(operating.suspend, id_)
    assert world.later(hours=10) == 0

    hand(operating.resume, id_)
    world.later(seconds=1)

    fired = [fact for fact in world.history(id_) if fact.startswith("fired")]
    assert fired == ["fired short", "fired long"]
    assert world.instance(id_).outcome == "done"


def test_calls_of_a_resting_case_wait_and_are_made_when_it_is_resumed(
    world: World, booking: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(booking, sku="A-1")
    hand(operating.suspend, id_)
    assert world.later(hours=1) == 0
    assert world.shop.asked == []

    hand(operating.resume, id_)
    world.later(seconds=1)

    assert world.open_(id_) == ["ship"]


def test_an_answer_that_comes_while_a_case_rests_counts_when_it_goes_on_and_is_not_asked_for_again(
    world: World, booking: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(booking, sku="A-1")
    world.shop.answer = {"number": "P-7"}
    world.shop.during = lambda _call: hand(operating.suspend, id_)
    world.later(seconds=1)
    assert world.open_(id_) == []
    assert world.later(hours=1) == 0

    world.shop.during = None
    hand(operating.resume, id_)
    world.later(seconds=1)

    assert len(world.shop.asked) == 1
    assert world.open_(id_) == ["ship"]
    assert world.rows(UserTask)[0].data["parcel"] == {"number": "P-7"}


@pytest.mark.parametrize("permanent", [False, True])
def test_a_failure_while_a_case_rests_is_tried_again_when_it_goes_on(
    world: World, booking: Definition, hand: Callable[..., None], permanent: bool
) -> None:
    id_ = world.start(booking, sku="A-1")
    world.shop.failures = [Failed("gone", code="NO_STOCK", permanent=permanent)]
    world.shop.during = lambda _call: hand(operating.suspend, id_)
    world.later(seconds=1)
    world.shop.during = None
    assert world.later(hours=1) == 0

    hand(operating.resume, id_)
    world.later(seconds=1)

    assert len(world.shop.asked) == 2
    assert world.open_(id_) == ["ship"]


def test_a_message_for_a_resting_case_is_kept_for_it(
    world: World, reminder: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(reminder)
    with world.factory.begin() as session:
        session.get_one(Instance, id_).business_key = "K-1"
    world.later(hours=1)
    world.complete(id_, "call")  # from now on it waits, under the key it was given
    hand(operating.suspend, id_)
    with world.factory.begin() as session:
        outbox.put(session, "message", "news", key="m", inputs={"business_key": "K-1"}, now=world.now)
    world.later(hours=1)
    assert world.instance(id_).ended_at is None

    hand(operating.resume, id_)
    world.later(seconds=1)

    assert world.instance(id_).outcome == "done"
    assert world.history(id_).count("received") == 1


def test_resting_and_going_on_are_refused_where_they_make_no_sense(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    with pytest.raises(operating.RestsNot):
        hand(operating.resume, id_)
    hand(operating.suspend, id_)
    with pytest.raises(operating.RestsAlready):
        hand(operating.suspend, id_)
    hand(instances.cancel, id_)
    for verb in (operating.suspend, operating.resume):
        with pytest.raises(instances.NotRunning):
            hand(verb, id_)


# ------------------------------------------------------------------------------------------------------ rights


@pytest.mark.parametrize("who", ["anna", "borys"])
def test_those_who_only_work_do_not_operate(
    world: World, order: Definition, request: pytest.FixtureRequest, who: str
) -> None:
    person = request.getfixturevalue(who)
    id_ = world.start(order)
    acts: list[Act] = [
        lambda s, case, by: operating.suspend(s, case, "why", by=by, now=MONDAY),
        lambda s, case, by: operating.resume(s, case, "why", by=by, now=MONDAY),
        lambda s, case, by: operating.keep(s, case, "why", by=by, now=MONDAY),
        lambda s, case, by: operating.move(s, case, None, "order", "check", "why", by=by, now=MONDAY),
        lambda s, case, by: operating.edit(s, case, None, {"amount": 1}, "why", by=by, now=MONDAY),
        lambda s, case, by: operating.restore(s, case, Checkpoint(), "why", by=by, now=MONDAY),
        lambda s, case, by: operating.look_again(s, case, "why", by=by, now=MONDAY),
    ]
    for act in acts:
        with world.factory() as session, pytest.raises(NotAllowed):
            act(session, session.get_one(Instance, id_), session.get_one(Person, person.id))
    assert overrides(world, id_) == []


def test_an_administrator_lets_rest_but_does_not_move(world: World, order: Definition, adam: Person) -> None:
    id_ = world.start(order)
    with world.factory.begin() as session:
        case, by = session.get_one(Instance, id_), session.get_one(Person, adam.id)
        operating.suspend(session, case, "upkeep", by=by, now=MONDAY)
        with pytest.raises(NotAllowed):
            operating.move(session, case, None, "order", "check", "why", by=by, now=MONDAY)


@pytest.mark.parametrize(("reason", "refusal"), [(" ", ReasonMissing), ("x" * 501, ReasonTooLong)])
def test_nothing_is_overridden_without_a_fit_reason(
    world: World, order: Definition, hand: Callable[..., None], reason: str, refusal: type[Refusal]
) -> None:
    id_ = world.start(order)
    for verb, what in ((operating.suspend, ()), (operating.move, (None, "order", "check"))):
        with pytest.raises(refusal):
            hand(verb, id_, *what, reason=reason)
    assert overrides(world, id_) == []


# ------------------------------------------------------------------------------------------------------ moving


def test_a_whole_case_is_moved_and_history_says_from_where_to_where(
    world: World, order: Definition, hand: Callable[..., None], dorota: Person
) -> None:
    id_ = world.start(order)
    world.complete(id_, "take", amount="500")

    hand(operating.move, id_, None, "order", "check", reason="packed by hand")

    assert world.open_(id_) == ["check"]
    assert [each.element for each in world.timers()] == ["too_long"]
    (told,) = [fact for fact in world.rows(Event) if fact.kind == "overridden"]
    assert (told.diagram, told.element, told.actor_id) == ("order", "check", dorota.id)
    assert told.data["from"] == [
        {"diagram": "order", "element": "pack"},
        {"diagram": "order", "element": "invoice"},
    ]
    assert told.data["reason"] == "packed by hand"
    assert world.seqs(id_) == list(range(1, len(world.seqs(id_)) + 1))
    world.complete(id_, "check")
    assert world.instance(id_).outcome == "done"


def test_one_token_is_moved_beside_another_and_the_join_still_fires_once(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    world.complete(id_, "take", amount="500")
    world.complete(id_, "pack")

    hand(operating.move, id_, token_of(world, id_, "invoice"), "order", "pack")
    assert world.open_(id_) == ["pack"]
    hand(operating.move, id_, token_of(world, id_, "pack"), "order", "invoice")
    world.complete(id_, "invoice")

    assert world.open_(id_) == ["check"]
    assert world.history(id_).count("passed join") == 1


def test_moving_away_takes_the_timer_at_the_edge_along(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    world.complete(id_, "take", amount="500")
    hand(operating.move, id_, None, "order", "check")

    hand(operating.move, id_, token_of(world, id_, "check"), "order", "take")

    assert world.open_(id_) == ["take"]
    assert world.timers() == []
    assert world.later(hours=9) == 0


def test_a_case_can_be_moved_to_its_end(world: World, order: Definition, hand: Callable[..., None]) -> None:
    id_ = world.start(order)
    hand(operating.move, id_, None, "order", "done")
    assert world.instance(id_).outcome == "done"


def test_a_gateway_decides_for_what_is_moved_to_it(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    world.complete(id_, "take", amount="500")
    hand(operating.move, id_, None, "order", "large")
    assert world.open_(id_) == ["check"]


def test_a_whole_case_passes_a_join_it_is_moved_to(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    world.complete(id_, "take", amount="500")
    world.complete(id_, "pack")
    hand(operating.move, id_, None, "order", "join")
    assert world.open_(id_) == ["check"]
    hand(operating.move, id_, None, "order", "split")
    assert world.open_(id_) == ["pack", "invoice"]


@pytest.mark.parametrize(
    ("element", "refusal"),
    [
        ("begin", moving.NotEntered),
        ("too_long", moving.NotEntered),
        ("join", moving.WaitsForOthers),
        ("nowhere", moving.NoSuchStep),
    ],
)
def test_where_no_token_may_stand_is_refused_by_name_and_nothing_changes(
    world: World, order: Definition, hand: Callable[..., None], element: str, refusal: type[Refusal]
) -> None:
    id_ = world.start(order)
    world.complete(id_, "take", amount="5")
    before, state = world.history(id_), world.instance(id_).state

    with pytest.raises(refusal) as refused:
        hand(operating.move, id_, token_of(world, id_, "pack"), "order", element)

    assert element in str(refused.value)
    assert (world.history(id_), world.instance(id_).state) == (before, state)
    assert world.rows(Checkpoint) == []


def test_a_token_that_is_gone_cannot_be_moved(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    token = token_of(world, id_, "take")
    world.complete(id_, "take", amount="5")
    for lost in (token, "nobody-1", "x"):
        with pytest.raises(TokenGone):
            hand(operating.move, id_, lost, "order", "check")


@pytest.fixture
def nested(world: World) -> Definition:
    """A sub-process with a timer at its edge, another inside it, and a step done for each of three."""
    inner = (
        '<subProcess id="deep" name="deep"><startEvent id="d1"/><userTask id="dig" name="dig"/><endEvent id="d2"/>'
        + way("d1", "dig", "d2")
        + "</subProcess>"
    )
    outer = (
        '<subProcess id="work" name="work"><startEvent id="w1"/><userTask id="plan" name="plan"/>'
        + inner
        + '<endEvent id="w2"/>'
        + way("w1", "plan", "deep", "w2")
        + "</subProcess>"
    )
    many = (
        '<userTask id="ask" name="ask"><multiInstanceLoopCharacteristics id="m">'
        "<loopCardinality>3</loopCardinality></multiInstanceLoopCharacteristics></userTask>"
    )
    return world.deploy(
        diagram("nested", start(), task("first"), outer, after("late", "work", "PT1H"), many, end(), task("last"),
                way("begin", "first", "work", "ask", "last", "done"), way("late", "last"))
    )  # fmt: skip


def test_moving_inwards_opens_the_sub_processes_on_the_way(
    world: World, nested: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(nested)

    hand(operating.move, id_, token_of(world, id_, "first"), "nested", "dig")

    assert world.open_(id_) == ["dig"]
    assert [each.element for each in world.timers()] == ["late"]
    assert [fact for fact in world.history(id_) if fact.startswith("opened")][-3:] == [
        "opened work",
        "opened deep",
        "opened dig",
    ]
    world.complete(id_, "dig")
    assert world.open_(id_) == ["ask", "ask", "ask"]
    assert world.timers() == []


def test_moving_outwards_ends_what_is_left(
    world: World, nested: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(nested)
    hand(operating.move, id_, None, "nested", "dig")
    hand(operating.move, id_, token_of(world, id_, "dig"), "nested", "plan")
    assert world.open_(id_) == ["plan"]
    hand(operating.move, id_, token_of(world, id_, "plan"), "nested", "last")

    assert world.open_(id_) == ["last"]
    assert world.timers() == []
    world.complete(id_, "last")
    assert world.instance(id_).outcome == "done"


def test_one_of_many_stays_where_it_is_but_all_go_together(
    world: World, nested: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(nested)
    hand(operating.move, id_, None, "nested", "ask")
    token = next(each.token for each in world.rows(UserTask) if each.element == "ask")

    with pytest.raises(moving.OneOfMany) as refused:
        hand(operating.move, id_, token, "nested", "last")
    assert "“ask”" in str(refused.value)

    hand(operating.move, id_, None, "nested", "last")
    assert world.open_(id_) == ["last"]


def test_an_event_behind_a_choice_is_refused_with_the_choice_named(
    world: World, hand: Callable[..., None]
) -> None:
    races = world.deploy(
        diagram("races", start(), task("first"), '<eventBasedGateway id="race" name="race"/>', hear("letter", "letter"),
                wait("pause", "PT1H"), end(), way("begin", "first", "race", "letter", "done"), way("race", "pause", "done"))
    )  # fmt: skip
    id_ = world.start(races)

    with pytest.raises(moving.BehindChoice) as refused:
        hand(operating.move, id_, None, "races", "letter")
    assert "race" in str(refused.value)

    hand(operating.move, id_, None, "races", "race")
    assert sorted(each.element for each in world.timers()) == ["letter", "pause"]
    hand(operating.move, id_, world.timers()[0].token, "races", "first")
    assert (world.open_(id_), world.timers()) == (["first"], [])


def test_moving_away_from_a_call_drops_it_and_closes_its_incident(
    world: World, booking: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(booking, sku="A-1")
    world.shop.failures = [Failed("no address", code="BAD_INPUT", permanent=True)]
    world.later(seconds=1)
    assert len(world.incidents()) == 1

    hand(operating.move, id_, None, "booking", "ship", reason="booked by phone")

    assert [(each.resolution, each.reason) for each in world.incidents()] == [
        ("overtaken", "booked by phone")
    ]
    assert world.open_(id_) == ["ship"]
    hand(operating.move, id_, None, "booking", "book")
    world.later(seconds=1)
    assert len({call.key for call in world.shop.asked}) == 2


def test_what_a_suspended_case_is_moved_to_rests_as_well(
    world: World, booking: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(booking, sku="A-1")
    world.later(seconds=1)
    hand(operating.suspend, id_)
    hand(operating.move, id_, None, "booking", "book")
    assert world.later(hours=1) == 0
    hand(operating.resume, id_)
    world.later(seconds=1)
    assert len(world.shop.asked) == 2


def test_listeners_hear_of_a_move_as_an_override(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    heard: list[tuple[str, str, list[str]]] = []

    def listen(_session: Session, happened: Happened) -> None:
        heard.append(
            (happened.cause, happened.answers.get("note", ""), [each.element.id for each in happened.entered])
        )

    id_ = world.start(order)
    world.more = {"projections": (listen,)}
    hand(operating.move, id_, None, "order", "check", reason="agreed by phone")
    assert heard == [("admin", "agreed by phone", ["check"])]


# ------------------------------------------------------------------------------------------------------ data


def test_data_are_changed_for_the_whole_case_and_old_and_new_are_kept(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    world.complete(id_, "take", amount="5")

    hand(operating.edit, id_, None, {"amount": 500}, reason="a zero was missing")
    world.complete(id_, "pack")
    world.complete(id_, "invoice")

    assert world.open_(id_) == ["check"]
    (told,) = overrides(world, id_)
    assert (told["old"], told["new"]) == ({"amount": 5}, {"amount": 500})


def test_data_of_one_token_reach_its_task_and_its_call(
    world: World, booking: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(booking, sku="A-1")
    (job,) = world.jobs()

    hand(operating.edit, id_, job.token, {"sku": "B-2"})
    world.later(seconds=1)

    assert [call.inputs["sku"] for call in world.shop.asked] == ["B-2"]
    hand(operating.edit, id_, token_of(world, id_, "ship"), {"parcel": {"number": 7}})
    assert world.rows(UserTask)[0].data["parcel"] == {"number": 7}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"amount": 5}, editing.NothingChanged),
        ({}, editing.NothingChanged),
        ({"a__b": 1}, editing.UnfitName),
        ({"typo": 1}, editing.NobodyReads),
        ({"deal": {}}, editing.IsAFact),
        ({"amount": "x" * 200_000}, editing.TooLarge),
    ],
)
def test_what_cannot_be_changed_is_refused_by_name(
    world: World,
    order: Definition,
    hand: Callable[..., None],
    changes: dict[str, Any],
    refusal: type[Refusal],
) -> None:
    id_ = world.start(order)
    world.complete(id_, "take", amount="5")
    world.more = {"facts": (lambda _session, _instance: {"deal": {"amount": 1}},)}
    state = world.instance(id_).state

    with pytest.raises(refusal) as refused:
        hand(operating.edit, id_, None, changes)

    assert all(refused.value.field in (None, name) for name in changes)
    assert world.instance(id_).state == state
    assert overrides(world, id_) == []


# ------------------------------------------------------------------------------------------------------ going back


def kept(world: World, id_: int, why: str) -> int:
    with world.looking() as session:
        found = session.scalars(checkpoints.of(session.get_one(Instance, id_))).all()
        return next(each.id for each in found if each.why == why)


def restore(world: World, hand: Callable[..., None], id_: int, checkpoint: int) -> None:
    with world.looking() as session:
        found = session.get_one(Checkpoint, checkpoint)
    hand(operating.restore, id_, found, reason="back again")


def test_a_case_goes_back_to_a_kept_state(world: World, order: Definition, hand: Callable[..., None]) -> None:
    id_ = world.start(order)
    world.complete(id_, "take", amount="500")
    hand(operating.keep, id_, reason="before packing")
    world.complete(id_, "pack")
    world.complete(id_, "invoice")
    assert world.open_(id_) == ["check"]

    restore(world, hand, id_, kept(world, id_, "manual"))

    assert sorted(world.open_(id_)) == ["invoice", "pack"]
    assert world.timers() == []
    world.complete(id_, "pack")
    world.complete(id_, "invoice")
    assert world.open_(id_) == ["check"]
    tokens = [each.token for each in world.rows(UserTask) if each.element == "check"]
    assert len(set(tokens)) == 2
    restore(world, hand, id_, kept(world, id_, "restored"))
    assert world.open_(id_) == ["check"]


def test_a_call_that_waits_in_a_kept_state_is_made_again(
    world: World, booking: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(booking, sku="A-1")
    hand(operating.keep, id_)
    world.later(seconds=1)

    restore(world, hand, id_, kept(world, id_, "manual"))
    assert world.open_(id_) == []
    world.later(seconds=1)

    assert world.open_(id_) == ["ship"]
    assert len({call.key for call in world.shop.asked}) == 2


def test_the_kept_state_of_another_case_is_not_taken(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    one, other = world.start(order), world.start(order)
    hand(operating.keep, one)
    with pytest.raises(NotFound):
        restore(world, hand, other, kept(world, one, "manual"))


def test_every_change_by_hand_keeps_a_way_back(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    hand(operating.move, id_, None, "order", "split")
    hand(operating.edit, id_, None, {"amount": 1})
    hand(operating.move, id_, None, "order", "done")
    assert [each.why for each in world.rows(Checkpoint)] == ["moved", "edited", "moved"]


# ------------------------------------------------------------------------------------------------------ quarantine


BROKEN = [
    b"",
    b"\xff\x00",
    b"[]",
    b'{"v": 99}',
    b'{"v":1,"p":"x","n":3,"top":{"t":[[1,null,"Gone",16]],"l":1}}',
]


@pytest.mark.parametrize("state", BROKEN)
def test_a_state_nobody_can_read_rests_alone_with_an_incident(
    world: World, reminder: Definition, state: bytes
) -> None:
    broken, neighbour = world.start(reminder), world.start(reminder)
    spoil(world, broken, state)

    world.later(hours=2)

    assert world.open_(neighbour) == ["call"]
    assert world.instance(broken).quarantined_at == world.now
    (incident,) = world.incidents()
    assert (incident.instance_id, incident.code) == (broken, "BrokenState")
    assert world.later(hours=2) == 0
    assert len(world.incidents()) == 1


def test_an_answer_for_a_broken_case_waits_and_counts_once_it_is_mended(
    world: World, booking: Definition, hand: Callable[..., None]
) -> None:
    id_, neighbour = world.start(booking, sku="A-1"), world.start(booking, sku="A-2")
    state = world.instance(id_).state
    hand(operating.keep, id_)
    spoil(world, id_)
    world.later(seconds=1)
    assert world.open_(neighbour) == ["ship"]
    assert world.instance(id_).quarantined_at is not None
    assert world.later(hours=1) == 0

    with pytest.raises(resting.UnreadableToo):
        hand(operating.look_again, id_)
    with pytest.raises(instances.Quarantined):
        hand(operating.move, id_, None, "booking", "ship")
    restore(world, hand, id_, kept(world, id_, "manual"))
    world.later(hours=1)

    assert world.instance(id_).quarantined_at is None
    assert world.open_(id_) == ["ship"]
    assert [each.resolution for each in world.incidents()] == ["mended"]
    assert state != world.instance(id_).state


def test_a_quarantined_case_goes_on_when_its_state_can_be_read_again(
    world: World, reminder: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(reminder)
    state = world.instance(id_).state
    spoil(world, id_)
    world.later(hours=2)
    spoil(world, id_, state)

    hand(operating.look_again, id_)
    world.later(seconds=1)

    assert world.open_(id_) == ["call"]


def test_a_quarantined_case_can_be_stopped(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(order)
    spoil(world, id_)
    with world.factory() as session, pytest.raises(Unreadable) as broken:
        instances.complete(session, tasks.open_of(session, id_)[0], {}, by=None, now=MONDAY)
    with world.factory.begin() as session:
        resting.quarantine(session, broken.value, now=MONDAY)

    with pytest.raises(instances.Quarantined):
        world.complete(id_, "take", amount="5")
    hand(instances.cancel, id_)

    assert world.instance(id_).outcome == "stopped"
    assert (world.open_(id_), world.timers()) == ([], [])


def test_a_program_that_runs_no_more_quarantines_its_cases(world: World, reminder: Definition) -> None:
    id_ = world.start(reminder)
    with world.factory.begin() as session:
        digest = session.scalars(
            select(DefinitionFile.source_hash).where(
                DefinitionFile.definition_id == reminder.id, DefinitionFile.kind == "executable"
            )
        ).one()
        session.execute(update(Source).where(Source.hash == digest).values(content=b"<not><bpmn>"))
        session.execute(update(Definition).where(Definition.id == reminder.id).values(content_hash="changed"))

    world.later(hours=2)

    assert world.instance(id_).quarantined_at is not None


# ------------------------------------------------------------------------------------------------------ tasks


def given(world: World, id_: int, to: Callable[[Session], Person | str], by: Person) -> UserTask:
    with world.factory.begin() as session:
        task_ = tasks.open_of(session, id_)[0]
        operating.reassign(
            session, task_, to(session), "holidays", by=session.get_one(Person, by.id), now=MONDAY
        )
        return task_


def test_a_head_gives_a_task_of_the_department_to_somebody(
    world: World, order: Definition, clara: Person, anna: Person
) -> None:
    id_ = world.start(order)
    task_ = given(world, id_, lambda session: session.get_one(Person, anna.id), clara)
    assert task_.assignee_id == anna.id
    (told,) = overrides(world, id_)
    assert (told["what"], told["to"]["person"], told["from"]["person"]) == ("reassigned", anna.id, None)


def test_a_head_of_another_department_does_not(
    world: World, order: Definition, borys: Person, anna: Person
) -> None:
    id_ = world.start(order)
    for by in (borys, anna):
        with pytest.raises(NotAllowed):
            given(world, id_, lambda session: session.get_one(Person, anna.id), by)


def test_a_task_goes_to_another_queue(world: World, order: Definition, dorota: Person, borys: Person) -> None:
    id_ = world.start(order)
    task_ = given(world, id_, lambda _session: "department:legal", dorota)
    assert (task_.audience, task_.assignee_id) == ("department:legal", None)
    with world.factory.begin() as session:
        tasks.claim(session, tasks.open_of(session, id_)[0], by=session.get_one(Person, borys.id), now=MONDAY)
    with pytest.raises(operating.UnknownQueue):
        given(world, id_, lambda _session: "department:nowhere", dorota)


def test_a_task_is_not_given_to_somebody_who_left(
    world: World, order: Definition, dorota: Person, session: Session, anna: Person
) -> None:
    id_ = world.start(order)
    anna.left_at = MONDAY
    session.commit()
    with pytest.raises(operating.Left):
        given(world, id_, lambda mine: mine.get_one(Person, anna.id), dorota)


def test_nothing_of_an_operation_stands_when_a_listener_refuses(
    world: World, order: Definition, hand: Callable[..., None]
) -> None:
    def refuse(_session: Session, _happened: Happened) -> None:
        raise Refusal

    id_ = world.start(order)
    before = (world.history(id_), world.open_(id_), world.instance(id_).version)
    world.more = {"projections": (refuse,)}
    for verb, what in ((operating.move, (None, "order", "check")), (operating.edit, (None, {"amount": 1}))):
        with pytest.raises(Refusal):
            hand(verb, id_, *what)
    assert (world.history(id_), world.open_(id_), world.instance(id_).version) == before
    assert world.rows(Checkpoint) == []


def test_a_late_timer_does_nothing_to_a_case_that_rests(
    world: World, reminder: Definition, hand: Callable[..., None]
) -> None:
    id_ = world.start(reminder)
    (timer,) = world.timers()
    hand(operating.suspend, id_)
    with world.factory.begin() as session:
        assert instances.fire(session, timer, now=world.now + timedelta(hours=2)) is None
    assert world.open_(id_) == []
