"""One sentence per family of repairs: what was wrong is said, what comes out runs to its end."""

import pytest

from engine.process import doctor, program
from engine.process.runner import Run
from tests.engine.process.doctor_kit import (
    codes,
    compiled,
    diagram,
    element,
    examine,
    finding,
    flows,
    play,
    say,
)

START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'
TALK, ORDERED = '<messageEventDefinition messageRef="m"/>', '<message id="m" name="ordered"/>'


def between(inside: str, *ways: str, top: str = "", more: str = "") -> bytes:
    """A start and an end with something between them."""
    return diagram(START + inside + END + flows(*ways), top=top, more=more)


def kinds(examined: doctor.Examined, key: str) -> str:
    return element(examined, key).kind


def runs(examined: doctor.Examined, *, people_only: bool = True) -> set[str]:
    """Drive it five times at random; everything that was passed."""
    return {step for seed in range(5) for step in play(compiled(examined), seed, people_only=people_only)}


# ---------------------------------------------------------------- tasks


@pytest.mark.parametrize(
    ("drawn", "code"),
    [
        ('<task id="a" name="Zrób"/>', "A01"),
        ('<serviceTask id="a" name="Zrób"/>', "A02"),
        ('<businessRuleTask id="a" name="Zrób"/>', "A03"),
        ('<scriptTask id="a" name="Zrób"/>', "A04"),
        ('<scriptTask id="a" name="Zrób"><script>import os</script></scriptTask>', "A04"),
        ('<sendTask id="a" name="Zrób"/>', "A05"),
        ('<receiveTask id="a" name="Zrób"/>', "A06"),
        ('<callActivity id="a" name="Zrób" calledElement="sale"/>', "A07"),
        ('<callActivity id="a" name="Zrób" calledElement="nowhere"/>', "A08"),
        ('<subProcess id="a" name="Zrób"/>', "A09"),
    ],
)
def test_what_nobody_does_becomes_a_user_task_by_consent(drawn: str, code: str) -> None:
    content = between(drawn, "s>a", "a>e")

    said = finding(examine(content), code)
    assert (said.severity, said.repairable, said.element, said.name) == ("error", True, "a", "Zrób")
    assert "Zrób" in said.message.pl
    assert examine(content).compiled is None

    examined = examine(content, accepted={said.id})
    assert kinds(examined, "a") == "userTask"
    assert runs(examined) == {"s", "a", "e"}


def test_what_has_all_it_needs_stays() -> None:
    table = doctor.File("policy.dmn", POLICY)
    content = between(
        f'<serviceTask id="a">{say(connector="mail", operation="send", in__to="client.mail", out="sent")}</serviceTask>'
        f'<businessRuleTask id="b">{say(decision="policy")}</businessRuleTask>'
        '<scriptTask id="c"><script>rounds = 1\ntotal = rounds + 1</script></scriptTask>'
        '<sendTask id="d" messageRef="m"/>',
        "s>a",
        "a>b",
        "b>c",
        "c>d",
        "d>e",
        top='<message id="m" name="order.created"/>',
    )

    examined = examine(content, table)

    assert codes(examined) == ["Q04", "D10"], (
        "the table reads a name that nothing gives, and nobody reads its answer"
    )
    assert [kinds(examined, key) for key in "abcd"] == [
        "serviceTask",
        "businessRuleTask",
        "scriptTask",
        "sendTask",
    ]
    assert element(examined, "a").inputs == {"to": "client.mail"}
    assert element(examined, "b").decision == "policy"
    assert element(examined, "d").message == "order.created"


POLICY = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
<decision id="policy" name="Policy"><decisionTable id="t" hitPolicy="FIRST">
<input id="i"><inputExpression id="ie" typeRef="number"><text>amount</text></inputExpression></input>
<output id="o" name="verdict" typeRef="string"/>
<rule id="r"><inputEntry id="r1"><text>-</text></inputEntry><outputEntry id="r2"><text>"ok"</text></outputEntry></rule>
</decisionTable></decision></definitions>"""


def test_a_loop_without_a_condition_asks_whether_once_more() -> None:
    content = between('<task id="a" name="Dzwoń"><standardLoopCharacteristics/></task>', "s>a", "a>e")

    examined = examine(content, accepted="all")

    assert "A10" in codes(examined)
    (form,) = compiled(examined).forms.values()
    assert [option["label"]["pl"] for option in form["fields"][0]["options"]] == [
        "Nie, dalej",
        "Tak, jeszcze raz",
    ]
    assert "e" in runs(examined)


@pytest.mark.parametrize(
    ("name", "question"),
    [('name="Oceń"', ("Ile razy: Oceń?", "How many times: Oceń?")), ("", ("Ile razy?", "How many times?"))],
)
def test_a_multi_instance_without_a_count_asks_how_many(name: str, question: tuple[str, str]) -> None:
    content = between(f'<userTask id="a" {name}><multiInstanceLoopCharacteristics/></userTask>', "s>a", "a>e")

    examined = examine(content, accepted="all")

    assert "A11" in codes(examined)
    assert "e" in runs(examined)
    (form,) = compiled(examined).forms.values()
    assert tuple(form["fields"][0]["label"].values()) == question


def test_a_count_too_high_is_cut() -> None:
    many = "<multiInstanceLoopCharacteristics><loopCardinality>20000</loopCardinality></multiInstanceLoopCharacteristics>"

    examined = examine(between(f'<userTask id="a">{many}</userTask>', "s>a", "a>e"), accepted="all")

    assert finding(examined, "A12").repairable
    assert b">200<" in compiled(examined).executable


def test_an_ad_hoc_sub_process_offers_its_steps() -> None:
    content = between(
        '<adHocSubProcess id="a"><task id="x" name="Zadzwoń"/><task id="y" name="Napisz"/></adHocSubProcess>',
        "s>a",
        "a>e",
    )

    assert {"x", "y", "a", "e"} <= runs(examine(content, accepted="all"))


# ---------------------------------------------------------------- starts, ends, reach


def test_a_start_and_an_end_are_added() -> None:
    examined = examine(diagram('<userTask id="a"/><userTask id="b"/>' + flows("a>b")))

    assert codes(examined) == ["S01", "S07"]
    assert {"a", "b"} <= runs(examined)


def test_several_starts_become_ways_to_open_a_case() -> None:
    content = diagram(
        '<startEvent id="web" name="Z sieci"><messageEventDefinition messageRef="m"/></startEvent>'
        f'<startEvent id="hand" name="Ręcznie">{say(form="x")}</startEvent><userTask id="a"/><userTask id="b"/>{END}'
        + flows("web>a", "hand>b", "a>e", "b>e"),
        top='<message id="m" name="order.request"/>',
    )

    what = compiled(examine(content, accepted="all"))

    first, second = what.blueprint.starts
    assert (first.element, first.kind, first.message, first.name.pl) == (
        "web",
        "message",
        "order.request",
        "Z sieci",
    )
    assert (second.element, second.kind, second.audience) == ("hand", "none", "role:employee")
    assert "start" in what.blueprint.variables
    made = program.parse(what.executable, what.blueprint)
    for begin, step in (("web", "a"), ("hand", "b")):
        run = Run.start(made, {"start": begin}, facts=dict)
        assert [each.element for each in run.waiting()] == [step]


def test_a_timer_start_is_known_to_the_host() -> None:
    content = diagram(
        '<startEvent id="s"><timerEventDefinition><timeCycle>R/P1D</timeCycle></timerEventDefinition></startEvent>'
        + END
        + flows("s>e")
    )

    (start,) = compiled(examine(content)).blueprint.starts

    assert start.kind == "timer"


def test_steps_nobody_can_reach_are_left_out_by_consent() -> None:
    content = between(
        '<userTask id="a"/><userTask id="b" name="Wyspa"/><userTask id="c"/><userTask id="d"/>',
        "s>a",
        "a>e",
        "c>d",
        "d>c",
    )

    examined = examine(content, accepted="all")

    assert finding(examined, "R01").element == "b"
    assert {each.element for each in examined.findings if each.code == "R02"} == {"c", "d"}
    assert set(compiled(examined).blueprint.main.elements) == {"s", "a", "e"}


def test_a_way_that_nothing_leads_to_is_a_further_start() -> None:
    content = between(
        '<userTask id="a"/><userTask id="c" name="Oddzwoń"/><userTask id="d"/>', "s>a", "a>e", "c>d", "d>e"
    )

    examined = examine(content, accepted="all")

    assert finding(examined, "S11").element == "c"
    assert {"a", "c", "d"} <= runs(examined)
    assert [each.name.pl for each in compiled(examined).blueprint.starts] == ["", "Oddzwoń"]


def test_a_message_that_nothing_leads_to_starts_the_process() -> None:
    content = between(
        f'<userTask id="a"/><intermediateCatchEvent id="c" name="Skarga">{TALK}</intermediateCatchEvent>',
        "s>a",
        "a>e",
        "c>a",
        top=ORDERED,
    )

    plain, mended = examine(content), examine(content, accepted="all")

    assert plain.compiled is None
    assert finding(plain, "S11").element == "c"
    assert {each.element: each.kind for each in compiled(mended).blueprint.starts} == {
        "s": "none",
        "c": "message",
    }


def test_a_way_without_a_beginning_inside_an_event_sub_process_stays_out() -> None:
    content = between(
        '<userTask id="a"/><subProcess id="h" triggeredByEvent="true">'
        f'<startEvent id="hs" isInterrupting="false">{TALK}</startEvent><userTask id="hb"/><userTask id="hc"/>'
        + flows("hs>hc", "hb>hc")
        + "</subProcess>",
        "s>a",
        "a>e",
        top=ORDERED,
    )

    assert finding(examine(content), "R02").element == "hb"


def test_a_circle_without_a_beginning_starts_at_its_first_step() -> None:
    examined = examine(diagram('<userTask id="a"/><userTask id="b"/>' + flows("a>b", "b>a")), accepted="all")

    assert {"S03", "R04"} <= set(codes(examined))
    assert {"a", "b"} <= runs(examined)


def test_a_circle_that_waits_for_nobody_is_warned_about() -> None:
    content = between(
        '<exclusiveGateway id="m"/><scriptTask id="a"><script>n = 1</script></scriptTask>'
        '<exclusiveGateway id="g" default="g_m"/>',
        "s>m",
        "m>a",
        "a>g",
        "g>m",
        "g>e: n &gt; 5",
    )

    examined = examine(content)

    assert finding(examined, "R03").severity == "warning"
    assert compiled(examined)


# ---------------------------------------------------------------- flows


def test_a_flow_from_nowhere_is_left_out_by_consent_where_another_way_leads() -> None:
    content = between('<userTask id="a"/>', "s>a", "a>e", "ghost>a")

    assert finding(examine(content), "F01").element == "ghost_a"
    assert runs(examine(content, accepted="all")) == {"s", "a", "e"}


def test_a_flow_from_nowhere_begins_the_only_way_to_its_step() -> None:
    content = between('<userTask id="a"/><userTask id="b"/>', "s>a", "a>e", "ghost>b", "b>e")

    examined = examine(content, accepted="all")

    assert finding(examined, "S11").element == "b"
    assert "ghost_b" in compiled(examined).blueprint.main.flows
    assert "b" in runs(examined)


def test_a_flow_to_nowhere_ends_there() -> None:
    content = between(
        '<exclusiveGateway id="g" name="Dalej?"/><userTask id="a"/>', "s>g", "g>a! Tak", "g>ghost! Nie", "a>e"
    )

    plain, mended = examine(content), examine(content, accepted="all")

    assert plain.compiled is None
    assert finding(plain, "F11").element == "g_ghost"
    assert "g_ghost" in compiled(mended).blueprint.main.flows
    assert play(compiled(mended), 1)


def test_processes_that_flows_join_become_one_and_their_pools_lanes() -> None:
    pools = (
        '<collaboration id="c"><participant id="p1" name="Handel" processRef="sale"/>'
        '<participant id="p2" name="Magazyn" processRef="store"/></collaboration>'
    )
    store = f'<process id="store"><userTask id="b"/><endEvent id="z"/>{flows("b>z")}</process>'
    content = between('<userTask id="a"/>', "s>a", "a>b", "a>e", top=pools, more=store)

    plain, mended = examine(content), examine(content, accepted="all")

    assert plain.compiled is None
    assert finding(plain, "P08").element == "store"
    main = compiled(mended).blueprint.main
    assert {key: each.lane for key, each in main.elements.items() if key in "ab"} == {
        "a": "sale",
        "b": "store",
    }
    assert main.lanes["store"].name.pl == "Magazyn"
    assert {"a", "b", "z"} <= runs(mended)


def test_steps_drawn_outside_the_pool_belong_to_the_process_they_are_joined_with() -> None:
    pool = '<collaboration id="c"><participant id="p1" name="Handel" processRef="sale"/></collaboration>'
    stray = '<process id="stray"><endEvent id="z"/></process>'
    content = between('<userTask id="a"/>', "s>a", "a>z", "a>e", top=pool, more=stray)

    main = compiled(examine(content, accepted="all")).blueprint.main

    assert main.id == "sale"
    assert "z" in main.elements
    assert main.lanes == {}


def test_two_ways_out_of_a_step_start_at_once() -> None:
    examined = examine(
        between('<userTask id="a"/><userTask id="b"/><userTask id="c"/>', "s>a", "a>b", "a>c", "b>e", "c>e")
    )

    assert codes(examined) == ["F07"]
    assert {"b", "c"} <= set(play(compiled(examined), 1))


def test_a_condition_may_be_written_in_several_lines() -> None:
    several = "a &gt; 1&#10;   and b &gt; 2"
    process = diagram(
        say(keeps="a, b")
        + START
        + '<exclusiveGateway id="g" default="g_e"/><userTask id="u"/>'
        + END
        + flows("s>g", f"g>u: {several}", "g>e", "u>e")
    )

    assert compiled(examine(process)).blueprint.main.flows["g_u"].condition


def test_conditions_out_of_a_step_are_checked_by_a_gateway() -> None:
    process = diagram(
        say(keeps="big, urgent")
        + START
        + '<userTask id="a"/><userTask id="b"/><userTask id="c"/>'
        + END
        + flows("s>a", "a>b: big", "a>c: urgent", "b>e", "c>e")
    )

    examined = examine(process)

    assert codes(examined) == ["F06", "G06"]
    assert "inclusiveGateway" in {each.kind for each in compiled(examined).blueprint.main.elements.values()}


def test_a_step_that_leads_to_itself_gets_a_merge() -> None:
    examined = examine(between('<userTask id="a"/>', "s>a", "a>a", "a>e"), accepted="all")

    assert "e" in runs(examined)


def test_a_flow_over_the_border_of_a_sub_process_is_attached_to_it() -> None:
    inner = '<startEvent id="s2"/><userTask id="x"/><endEvent id="e2"/>' + flows("s2>x", "x>e2")
    content = between(f'<subProcess id="p">{inner}</subProcess>', "s>x", "p>e")

    examined = examine(content, accepted="all")

    assert "F03" in codes(examined)
    assert {"p", "x"} <= runs(examined)


def test_an_end_with_a_way_out_goes_on() -> None:
    content = between(
        '<endEvent id="m"><messageEventDefinition/></endEvent><userTask id="a"/>', "s>m", "m>a", "a>e"
    )

    assert {"m", "a", "e"} <= runs(examine(content, accepted="all"))


def test_links_become_flows() -> None:
    link = '<linkEventDefinition name="dalej"/>'
    content = between(
        f'<intermediateThrowEvent id="t">{link}</intermediateThrowEvent>'
        f'<intermediateCatchEvent id="c">{link}</intermediateCatchEvent>',
        "s>t",
        "c>e",
    )

    examined = examine(content)

    assert codes(examined) == ["N01"]
    assert runs(examined) == {"s", "t", "c", "e"}


# ---------------------------------------------------------------- gateways


@pytest.mark.parametrize(
    ("ways", "code"),
    [
        (("g>x! Tak", "g>y! Nie"), "G08"),
        (("g>x: Yes please", "g>y: No"), "G07"),
        (("g>x: ${approved}", "g>y: ${!approved}"), "G09"),
    ],
)
def test_a_choice_nobody_can_make_is_asked_on_the_task_before(ways: tuple[str, ...], code: str) -> None:
    content = between(
        '<userTask id="a" name="Sprawdź"/><exclusiveGateway id="g" name="Zgoda?"/><userTask id="x"/><userTask id="y"/>',
        "s>a",
        "a>g",
        *ways,
        "x>e",
        "y>e",
    )

    said = finding(examine(content), code)
    assert said.severity == "error"
    assert "Sprawdź" in said.remedy.pl

    examined = examine(content, accepted={said.id})
    asked = compiled(examined).forms[element(examined, "a").form or ""]["fields"]
    assert [(field["key"], field["label"]["pl"]) for field in asked] == [("choice_g", "Zgoda?")]
    assert "choice_g" in compiled(examined).blueprint.variables
    assert {"x", "y"} <= runs(examined)


def test_without_a_person_before_the_gateway_a_task_asks() -> None:
    content = between(
        '<exclusiveGateway id="g" name="Zgoda?"/><userTask id="x"/><userTask id="y"/>',
        "s>g",
        "g>x",
        "g>y",
        "x>e",
        "y>e",
    )

    examined = examine(content, accepted="all")

    (asking,) = [each for each in compiled(examined).blueprint.main.elements.values() if each.form]
    assert (asking.name.pl, asking.properties["stands_for"]) == ("Zgoda?", "g")
    assert {"x", "y"} <= runs(examined)


def test_a_form_makes_the_same_conditions_count() -> None:
    form = doctor.File(
        "check.json",
        b'{"key": "check", "title": "Check", "fields": [{"key": "approved", "type": "yes_no", "label": "OK?"}]}',
    )
    content = between(
        f'<userTask id="a">{say(form="check")}</userTask><exclusiveGateway id="g"/><endEvent id="x"/>',
        "s>a",
        "a>g",
        "g>e: ${approved}",
        "g>x: ${!approved}",
    )

    examined = examine(content, form)

    assert codes(examined) == ["G11"]
    assert compiled(examined).blueprint.main.flows["g_x"].condition == "not approved"


def test_a_missing_default_is_only_proposed() -> None:
    content = diagram(
        say(keeps="n")
        + START
        + '<exclusiveGateway id="g"/><endEvent id="x"/>'
        + END
        + flows("s>g", "g>x: n == 1", "g>e: n == 2")
    )

    assert finding(examine(content), "G06").severity == "warning"
    assert compiled(examine(content)).blueprint.main.flows["g_e"].condition == "n == 2"
    assert compiled(examine(content, accepted="all")).blueprint.main.flows["g_e"].condition is None


def test_an_inclusive_choice_takes_several_answers() -> None:
    content = between(
        '<userTask id="a"/><inclusiveGateway id="g"/><userTask id="x"/><userTask id="y"/>',
        "s>a",
        "a>g",
        "g>x",
        "g>y",
        "x>e",
        "y>e",
    )

    examined = examine(content, accepted="all")

    (form,) = compiled(examined).forms.values()
    assert form["fields"][0]["type"] == "choices"
    assert compiled(examined).blueprint.main.flows["g_x"].condition == "'g_x' in choice_g"


def test_a_complex_gateway_is_read_as_inclusive_by_consent() -> None:
    content = between(
        '<complexGateway id="g"/><userTask id="x"/><userTask id="y"/>', "s>g", "g>x", "g>y", "x>e", "y>e"
    )

    assert finding(examine(content), "G03").repairable
    assert kinds(examine(content, accepted="all"), "g") == "inclusiveGateway"


def test_a_join_that_would_wait_for_ever_becomes_inclusive_by_consent() -> None:
    content = diagram(
        say(keeps="n")
        + START
        + '<exclusiveGateway id="g" default="g_y"/><userTask id="x"/><userTask id="y"/><parallelGateway id="j" name="Razem"/>'
        + END
        + flows("s>g", "g>x: n == 1", "g>y", "x>j", "y>j", "j>e")
    )

    said = finding(examine(content), "J01")
    assert (said.element, said.severity) == ("j", "error")

    assert kinds(examine(content, accepted={said.id}), "j") == "inclusiveGateway"


def test_a_sound_join_is_left_alone() -> None:
    content = between(
        '<parallelGateway id="f"/><userTask id="x"/><userTask id="y"/><parallelGateway id="j"/>',
        "s>f",
        "f>x",
        "f>y",
        "x>j",
        "y>j",
        "j>e",
    )

    assert codes(examine(content)) == []


# ---------------------------------------------------------------- events


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"


def waiting(inside: str, name: str = "Czeka") -> bytes:
    return between(
        f'<intermediateCatchEvent id="c" name="{name}">{inside}</intermediateCatchEvent>', "s>c", "c>e"
    )


def test_a_duration_gets_its_quotes() -> None:
    examined = examine(waiting(timer("PT1H")))

    assert codes(examined) == ["T03"]
    found = element(examined, "c").timer
    assert found is not None
    assert (found.kind, found.expression, found.clock) == ("duration", '"PT1H"', "work")


@pytest.mark.parametrize(
    ("inside", "name", "code", "assumed"),
    [
        ("<timerEventDefinition/>", "Czeka", "T01", "P1D"),
        ("<timerEventDefinition/>", "24 Hours", "T01", "PT24H"),
        (timer("za jakiś czas"), "Czeka", "T02", "P1D"),
        (timer("7 dni"), "Czeka", "T02", "P7D"),
        (timer("0 0 * * *", "timeCycle"), "Czeka", "T02", "P1D"),
    ],
)
def test_a_time_nobody_can_read_is_proposed_or_given(inside: str, name: str, code: str, assumed: str) -> None:
    said = finding(examine(waiting(inside, name)), code)
    assert assumed in said.remedy.en

    for accepted, expected in ((said.id, assumed), (f"{said.id}=PT4H", "PT4H"), (f"{said.id}=x", assumed)):
        found = element(examine(waiting(inside, name), accepted={accepted}), "c").timer
        assert found is not None
        assert found.expression == f'"{expected}"'


def test_a_repetition_that_can_happen_once_takes_its_first_interval() -> None:
    examined = examine(waiting(timer("R3/PT2H", "timeCycle")))

    assert codes(examined) == ["T03", "T04"]
    found = element(examined, "c").timer
    assert found is not None
    assert found.expression == '"PT2H"'


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("", "E01"),
        ("<messageEventDefinition/>", "M02"),
        ("<conditionalEventDefinition><condition>gdy słońce</condition></conditionalEventDefinition>", "E03"),
    ],
)
def test_what_nobody_can_report_is_confirmed_by_a_person(inside: str, code: str) -> None:
    examined = examine(waiting(inside), accepted="all")

    assert code in codes(examined)
    assert kinds(examined, "c") == "userTask"
    assert runs(examined) == {"s", "c", "e"}


def test_a_named_message_is_waited_for() -> None:
    content = between(
        '<intermediateCatchEvent id="c"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>',
        "s>c",
        "c>e",
        top='<message id="m" name="client.returned"/>',
    )

    examined = examine(content)

    assert codes(examined) == ["M03"]
    assert element(examined, "c").message == "client.returned"


def test_pools_that_talk_share_the_name_of_a_message() -> None:
    throwing = (
        '<intermediateThrowEvent id="t" name="Zamawiam"><messageEventDefinition/></intermediateThrowEvent>'
    )
    other = (
        '<process id="shop" isExecutable="true"><startEvent id="s2"/><intermediateCatchEvent id="c">'
        '<messageEventDefinition/></intermediateCatchEvent><endEvent id="e2"/>'
        + flows("s2>c", "c>e2")
        + '</process><collaboration id="k"><participant id="p1" processRef="sale"/>'
        '<participant id="p2" processRef="shop"/><participant id="p3" name="Bank"/>'
        '<messageFlow id="mf" name="Zamówienie" sourceRef="t" targetRef="c"/></collaboration>'
    )

    examined = examine(between(throwing, "s>t", "t>e", more=other), process="sale")

    assert finding(examined, "P02").name == ""
    assert "Bank" in finding(examined, "P02").message.pl
    assert "P04" in codes(examined)
    assert element(examined, "t").message == element(examined, "c", "shop").message == "Zamówienie"


def test_an_empty_pool_does_not_hold_a_process_that_lost_its_id() -> None:
    pool = '<collaboration id="k"><participant id="p" name="Bank"/></collaboration>'
    content = between('<task id="t" name="Zadzwoń"/>', "s>t", "t>e", more=pool)
    nameless = content.replace(b'<process id="sale"', b'<process id=""')

    examined = examine(nameless)

    assert nameless != content
    assert [each.element for each in examined.findings if each.code == "P02"] == ["p"]


def test_an_event_gateway_of_real_events_stays() -> None:
    content = between(
        '<eventBasedGateway id="g"/><intermediateCatchEvent id="m"><messageEventDefinition messageRef="x"/>'
        f'</intermediateCatchEvent><intermediateCatchEvent id="t">{timer("PT1H")}</intermediateCatchEvent>',
        "s>g",
        "g>m",
        "g>t",
        "m>e",
        "t>e",
        top='<message id="x" name="client.answered"/>',
    )

    examined = examine(content)

    assert kinds(examined, "g") == "eventBasedGateway"
    assert "e" in runs(examined, people_only=False)


def test_an_event_gateway_nobody_answers_asks_what_happened_beside_the_clock() -> None:
    content = between(
        '<eventBasedGateway id="g"/><intermediateCatchEvent id="m" name="Odpowiedź"><messageEventDefinition/>'
        f'</intermediateCatchEvent><intermediateCatchEvent id="t">{timer("PT1H")}</intermediateCatchEvent>',
        "s>g",
        "g>m",
        "g>t",
        "m>e",
        "t>e",
    )

    examined = examine(content, accepted="all")

    assert "G12" in codes(examined)
    assert (kinds(examined, "g"), kinds(examined, "t"), element(examined, "t").attached_to) == (
        "userTask",
        "boundaryEvent",
        "g",
    )
    assert "m" in runs(examined)
    assert "t" in {step for seed in range(12) for step in play(compiled(examined), seed)}


def test_something_else_behind_an_event_gateway_makes_it_a_choice() -> None:
    content = between(
        '<eventBasedGateway id="g"/><userTask id="a"/><userTask id="b"/>', "s>g", "g>a", "g>b", "a>e", "b>e"
    )

    examined = examine(content, accepted="all")

    assert "G01" in codes(examined)
    assert {"a", "b"} <= runs(examined)


def test_a_signal_end_throws_just_before_it() -> None:
    content = diagram(START + '<endEvent id="e"><signalEventDefinition/></endEvent>' + flows("s>e"))

    examined = examine(content)

    assert {"M04", "E04"} == set(codes(examined))
    assert kinds(examined, "e") == "endEvent"
    run = Run.start(
        program.parse(compiled(examined).executable, compiled(examined).blueprint), {}, facts=dict
    )
    assert [each.kind for each in run.thrown()] == ["signal"]
    assert run.end_element == "e"


@pytest.mark.parametrize(
    ("drawn", "code"),
    [
        ('<boundaryEvent id="b" attachedToRef="ghost"><timerEventDefinition/></boundaryEvent>', "B01"),
        ('<boundaryEvent id="b" attachedToRef="a"/>', "B03"),
        (
            '<boundaryEvent id="b" attachedToRef="a" cancelActivity="false"><errorEventDefinition/></boundaryEvent>',
            "B04",
        ),
    ],
)
def test_boundary_events_are_put_right(drawn: str, code: str) -> None:
    examined = examine(between(f'<userTask id="a"/>{drawn}', "s>a", "a>e", "b>e"), accepted="all")

    assert code in codes(examined)
    assert "a" in runs(examined)


def test_a_flow_into_a_boundary_event_is_left_out() -> None:
    content = between(
        '<userTask id="a"/><userTask id="c"/><boundaryEvent id="b" attachedToRef="a"><timerEventDefinition>'
        '<timeDuration>"PT1H"</timeDuration></timerEventDefinition></boundaryEvent>',
        "s>a",
        "a>e",
        "c>b",
        "b>e",
    )

    assert "B02" in codes(examine(content))


def test_compensation_is_left_out_by_consent() -> None:
    content = between(
        '<userTask id="a"/><boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
        '<task id="undo" isForCompensation="true"/><intermediateThrowEvent id="t"><compensateEventDefinition/>'
        "</intermediateThrowEvent>",
        "s>a",
        "a>t",
        "t>e",
    )

    examined = examine(content, accepted="all")

    assert sorted(code for code in codes(examined) if code.startswith("C")) == ["C01", "C01", "C02"]
    assert runs(examined) == {"s", "a", "t", "e"}


UNDOING = (
    '<boundaryEvent id="{0}_b" attachedToRef="{0}"><compensateEventDefinition/></boundaryEvent>'
    '<userTask id="{0}_u" name="Cofnij {0}" isForCompensation="true"/>'
    '<association id="{0}_w" sourceRef="{0}_b" targetRef="{0}_u"/>'
)
THROWN = '<intermediateThrowEvent id="{0}"{2}><compensateEventDefinition{1}/></intermediateThrowEvent>'


def undone(throws: str, *ways: str) -> doctor.Examined:
    tasks = "".join(f'<userTask id="{key}"/>{UNDOING.format(key)}' for key in ("hotel", "flight"))
    return examine(between(tasks + throws, "s>hotel", "hotel>flight", *ways), accepted="all")


def test_a_person_says_what_is_undone_where_compensation_is_asked_for() -> None:
    examined = undone(THROWN.format("t", "", ""), "flight>t", "t>e")

    assert sorted(code for code in codes(examined) if code.startswith("C")) == ["C03", "C04", "C04"]
    assert {"hotel_u", "flight_u", "t"} <= runs(examined)


def test_compensation_of_one_activity_undoes_only_that() -> None:
    first = THROWN.format("t", ' activityRef="flight"', "") + THROWN.format("z", "", "")
    examined = undone(first, "flight>t", "t>z", "z>e")

    flows = compiled(examined).blueprint.main.flows.values()
    befores = {flow.target: flow.source for flow in flows if flow.source in {"hotel_u", "flight_u"}}
    joins = {flow.source: flow.target for flow in flows if flow.target in {"t", "z"}}
    assert {joins.get(key) for key, before in befores.items() if before == "flight_u"} == {"t"}
    assert {joins.get(key) for key, before in befores.items() if before == "hotel_u"} == {"z"}


def test_a_handler_inside_a_sub_process_is_brought_to_where_it_is_asked_for() -> None:
    handler = (
        '<subProcess id="h" name="Odkręć" triggeredByEvent="true"><startEvent id="hs"><compensateEventDefinition/>'
        f'</startEvent>{THROWN.format("ht", "", "")}<endEvent id="he"/>{flows("hs>ht", "ht>he")}</subProcess>'
    )
    booking = (
        f'<subProcess id="p"><startEvent id="ps"/><userTask id="room"/>{UNDOING.format("room")}{handler}'
        f'<endEvent id="pe"/>{flows("ps>room", "room>pe")}</subProcess>'
    )
    examined = examine(between(booking + THROWN.format("t", "", ""), "s>p", "p>t", "t>e"), accepted="all")

    assert {"h", "ht", "room_u", "t"} <= runs(examined)
    assert not {"C01", "C02"} & set(codes(examined))


def test_a_cancelled_transaction_leaves_by_its_boundary() -> None:
    inner = '<startEvent id="s2"/><endEvent id="stop"><cancelEventDefinition/></endEvent>' + flows("s2>stop")
    content = between(
        f'<transaction id="p">{inner}</transaction><boundaryEvent id="b" attachedToRef="p"><cancelEventDefinition/>'
        '</boundaryEvent><endEvent id="undone"/>',
        "s>p",
        "p>e",
        "b>undone",
    )

    assert "undone" in runs(examine(content, accepted="all"))


HANDLER = (
    '<subProcess id="h" name="Rezygnacja" triggeredByEvent="true"><startEvent id="hs"{interrupting}>'
    '<messageEventDefinition messageRef="m"/></startEvent><userTask id="sorry"/><endEvent id="he"/>'
    + flows("hs>sorry", "sorry>he")
    + "</subProcess>"
)
MESSAGE = '<message id="m" name="client.withdrew"/>'


def test_an_event_sub_process_the_engine_starts_stays() -> None:
    inside = HANDLER.format(interrupting=' isInterrupting="false"')

    examined = examine(between(inside + '<userTask id="a"/>', "s>a", "a>e", top=MESSAGE))

    assert "S08" not in codes(examined)
    assert "sorry" in {step for seed in range(20) for step in play(compiled(examined), seed)}


def test_an_interrupting_event_sub_process_becomes_a_boundary() -> None:
    content = between(HANDLER.format(interrupting="") + '<userTask id="a"/>', "s>a", "a>e", top=MESSAGE)

    what = compiled(examine(content, accepted="all"))
    run = Run.start(program.parse(what.executable, what.blueprint), {}, facts=dict)
    run.send("client.withdrew", {})

    assert finding(examine(content), "S08").element == "h"
    assert [(each.kind, each.element) for each in run.waiting()] == [("task", "sorry")]


INNER = '<startEvent id="s2"/><userTask id="a"/><endEvent id="e2">{end}</endEvent>' + flows("s2>a", "a>e2")
HOUR = '<timerEventDefinition><timeDuration>"PT1H"</timeDuration></timerEventDefinition>'


def test_an_interrupting_event_sub_process_inside_another_becomes_a_boundary_of_it() -> None:
    nested = HANDLER.format(interrupting="")
    content = between(
        f'<subProcess id="p">{INNER.format(end="")}{nested}</subProcess>', "s>p", "p>e", top=MESSAGE
    )

    what = compiled(examine(content, accepted="all"))
    run = Run.start(program.parse(what.executable, what.blueprint), {}, facts=dict)
    run.send("client.withdrew", {})

    assert {each.element for each in run.waiting() if each.kind == "task"} == {"sorry"}


@pytest.mark.parametrize("event", ["message", "timer"])
def test_an_event_sub_process_inside_a_sub_process_stays_and_ends_with_it(event: str) -> None:
    nested = HANDLER.format(interrupting=' isInterrupting="false"')
    if event == "timer":
        nested = nested.replace('<messageEventDefinition messageRef="m"/>', HOUR)
    inner = INNER.format(end="<terminateEventDefinition/>")
    content = between(
        f'<subProcess id="p">{inner}{nested}</subProcess><userTask id="b"/>',
        "s>p",
        "p>b",
        "b>e",
        top=MESSAGE if event == "message" else "",
    )

    examined = examine(content)
    what = compiled(examined)
    run = Run.start(program.parse(what.executable, what.blueprint), {}, facts=dict)
    waits = next(each for each in run.waiting() if each.kind == event)
    run.fire(waits.token) if event == "timer" else run.send("client.withdrew", {})
    tasks = {each.element: each.token for each in run.waiting() if each.kind == "task"}
    run.complete(tasks["a"], {})

    assert "S08" not in codes(examined)
    assert set(tasks) == {"a", "sorry"}
    assert [each.element for each in run.waiting()] == ["b"]


def test_leftovers_of_other_tools_are_listed() -> None:
    content = between(
        '<userTask id="a" camunda:priority="7"/><dataObjectReference id="d" name="Faktura"/>',
        "s>a",
        "a>e",
    )

    examined = examine(content)

    assert "priority" in finding(examined, "K02").message.en
    assert "Faktura" in finding(examined, "K01").message.en
    assert compiled(examined)


# ---------------------------------------------------------------- nothing goes without a word


def test_what_a_left_out_step_had_on_its_border_is_named() -> None:
    content = between(
        '<userTask id="a"/><userTask id="u" isForCompensation="true"/>'
        f'<boundaryEvent id="edge" attachedToRef="u">{TALK}</boundaryEvent><userTask id="late"/>',
        "s>a",
        "a>e",
        "edge>late",
        "late>e",
        top=ORDERED,
    )

    examined = examine(content, accepted="all")

    assert [finding(examined, code).element for code in ("C01", "B01", "R02")] == ["u", "edge", "late"]


def test_a_step_with_an_empty_id_is_said_to_have_none() -> None:
    examined = examine(between('<userTask id=""/><userTask id="a"/>', "s>a", "a>e"), accepted="all")

    assert [finding(examined, code).element for code in ("I01", "R01")] == [None, None]


@pytest.mark.parametrize("kind", ["choreographyTask", "agentTask", "userTask"])
def test_a_step_drawn_inside_an_event_is_named(kind: str) -> None:
    content = diagram(
        f'{START}<userTask id="a"/><endEvent id="e"><{kind} id="lost"/></endEvent>{flows("s>a", "a>e")}'
    )

    assert finding(examine(content), "X18").element == "lost"
