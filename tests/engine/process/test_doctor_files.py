"""How files come from other tools: spelled, encoded and referring in their own ways; and why some are refused."""

import orjson
import pytest

from engine.errors import Refusal
from engine.process import doctor
from engine.process.doctor import reasons
from engine.process.forms import refusals as of_forms
from engine.process.spiff.refusals import NotSupported
from tests.engine.process.doctor_kit import HEAD, codes, compiled, diagram, element, examine, finding, flows
from tests.engine.process.vendors.validity import violations

STEPS = '<startEvent id="s"/><userTask id="a" name="Zażółć"/><endEvent id="e"/>'
PLAIN = diagram(STEPS + flows("s>a", "a>e")).decode()
LINE = '<?xml version="1.0" encoding="{}"?>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (PLAIN.encode("utf-8-sig"), None),
        ((LINE.format("UTF-16") + PLAIN).encode("utf-16"), None),
        ((LINE.format("windows-1250") + PLAIN).encode("cp1250"), None),
        ((LINE.format("utf-16") + PLAIN).encode(), "X12"),
        ((LINE.format("no-such-thing") + PLAIN).encode(), "X12"),
        (("\n  " + LINE.format("UTF-8") + PLAIN).encode(), None),
        (PLAIN.replace("20100524/MODEL", "20100501/MODEL").encode(), "X20"),
        (PLAIN.replace('name="Zażółć"', 'name="Zażółć" acme:color="red"').encode(), "X19"),
    ],
)
def test_a_file_is_read_whatever_it_says_about_itself(content: bytes, code: str | None) -> None:
    examined = examine(content)

    assert codes(examined) == ([code] if code else [])
    assert element(examined, "a").name.pl == "Zażółć"


def test_windows_letters_under_a_false_name_are_read_as_such() -> None:
    content = (LINE.format("UTF-8") + PLAIN.replace("Zażółć", "Müller")).encode("cp1252", "xmlcharrefreplace")

    assert finding(examine(content), "X12").remedy.en == "It was read as windows-1252."
    assert element(examine(content), "a").name.pl == "Müller"


@pytest.mark.parametrize("name", ["a.bpmn", "a.bpmn20.xml", "a.xml", "a.bpmn2", "A.BPMN"])
def test_diagrams_are_known_by_the_endings_tools_give_them(name: str) -> None:
    assert compiled(examine(doctor.File(name, PLAIN.encode()))).process == "sale"


def test_references_may_carry_the_prefix_of_their_namespace() -> None:
    content = PLAIN.replace('Ref="', 'Ref="tns:').replace("<startEvent", LANE + "<startEvent", 1)

    examined = examine(content.encode())

    assert codes(examined) == []
    assert element(examined, "a").lane == "sales"


LANE = '<laneSet><lane id="sales"><flowNodeRef>tns:a</flowNodeRef></lane></laneSet>'


def test_a_default_way_may_be_named_with_a_prefix() -> None:
    nodes = (
        '<startEvent id="s"/><exclusiveGateway id="x" default="t:x_e"/><endEvent id="e"/><endEvent id="f"/>'
    )

    examined = examine(diagram(nodes + flows("s>x", "x>e", "x>f: 1 &gt; 2")))

    assert codes(examined) == []


def test_ids_with_a_colon_are_found_before_a_prefix_is_thought_of() -> None:
    nodes = '<startEvent id="s"/><userTask id="n:a"/><endEvent id="e"/>'
    ways = '<sequenceFlow id="f" sourceRef="s" targetRef="n:a"/><sequenceFlow id="g" sourceRef="n:a" targetRef="e"/>'

    assert codes(examine(diagram(nodes + ways))) == ["I03"]


def test_a_step_bpmn_does_not_have_is_named_and_left_out_by_consent() -> None:
    strange = '<agentTask id="robot" name="Robot"/>'

    examined = examine(diagram(STEPS + strange + flows("s>a", "a>e")))

    assert examined.compiled is None
    assert finding(examined, "X18").element == "robot"
    assert "agentTask" in finding(examined, "X18").message.pl


@pytest.mark.parametrize(
    ("content", "key"),
    [
        (
            diagram(
                STEPS.replace("/><endEvent", '><task id="in"/></userTask><endEvent') + flows("s>a", "a>e")
            ),
            "in",
        ),
        (diagram(STEPS + flows("s>a", "a>e"), more='<userTask id="out"/>'), "out"),
        (diagram(STEPS + '<x:task xmlns:x="urn:x" id="foreign"/>' + flows("s>a", "a>e")), "foreign"),
        (diagram(STEPS + flows("s>a", "a>e"), more='<proces id="p"><lane id="l"/></proces>'), "l"),
    ],
)
def test_a_step_at_a_place_for_none_is_named(content: bytes, key: str) -> None:
    assert finding(examine(content), "X18").element == key


def test_two_lanes_with_one_id_are_both_kept() -> None:
    twins = '<laneSet><lane id="sales"/><lane id="sales"><flowNodeRef>a</flowNodeRef></lane></laneSet>'

    examined = examine(diagram(twins + STEPS + flows("s>a", "a>e")), accepted="all")

    assert finding(examined, "I04").element == "sales"
    assert len(compiled(examined).blueprint.main.lanes) == 2


def test_a_message_between_pools_that_leads_nowhere_is_noted() -> None:
    pools = '<collaboration id="c"><participant id="p" processRef="sale"/>'
    pools += '<messageFlow id="m" name="Zapytanie" sourceRef="gone" targetRef="a"/></collaboration>'

    examined = examine(diagram(STEPS + flows("s>a", "a>e"), top=pools))

    assert codes(examined) == ["X23"]
    assert "Zapytanie" in finding(examined, "X23").message.pl


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [("globalTask", "userTask"), ("globalUserTask", "userTask"), ("globalManualTask", "manualTask")],
)
def test_a_called_global_task_is_done_where_it_is_called(kind: str, becomes: str) -> None:
    call = STEPS.replace('userTask id="a"', 'callActivity id="a" calledElement="g"')

    examined = examine(diagram(call + flows("s>a", "a>e"), more=f'<{kind} id="g" name="Wspólne"/>'))

    assert codes(examined) == ["X24"]
    assert element(examined, "a").kind == becomes


def test_a_global_script_runs_where_it_is_called_and_an_uncalled_task_is_noted() -> None:
    call = STEPS.replace('userTask id="a"', 'callActivity id="a" calledElement="g"')
    more = '<globalScriptTask id="g"><script>x = 1</script></globalScriptTask><globalTask id="lonely"/>'

    examined = examine(diagram(call + flows("s>a", "a>e"), more=more))

    assert element(examined, "a").kind == "scriptTask"
    assert finding(examined, "X25").element == "lonely"


@pytest.mark.parametrize(
    ("inside", "name"),
    [
        ('<choreography id="c" name="Zamówienie"/>', "choreografia"),
        ('<collaboration id="c"><conversation id="d" name="Zamówienie"/></collaboration>', "konwersacja"),
        ('<collaboration id="c" name="Zamówienie"><participant id="p"/></collaboration>', "pustych basenów"),
    ],
)
def test_what_nobody_can_run_is_refused_by_name(inside: str, name: str) -> None:
    examined = examine(f"{HEAD}{inside}</definitions>".encode(), accepted="all")

    assert examined.compiled is None
    assert name in finding(examined, "X21").message.pl
    assert "Zamówienie" in finding(examined, "X21").message.pl


def test_a_departure_from_the_schema_is_a_hint_with_its_line() -> None:
    bad = PLAIN.replace("<userTask", '<userTask colour="red"')

    said = finding(examine(bad.encode()), "X17")

    assert said.severity == "hint"
    assert "w wierszu 1: atrybutu „colour” tam nie ma" in said.message.pl
    assert compiled(examine(bad.encode()))
    assert codes(examine(PLAIN.encode()), beside=("L03",)) == [], "a valid file has no such hint"


def test_too_many_steps_are_refused_before_they_take_time() -> None:
    many = diagram("".join(f'<task id="t{number}"/>' for number in range(3001)))

    assert finding(examine(many), "X22").severity == "error"


def test_long_notes_of_other_tools_are_no_reason_to_refuse_a_file() -> None:
    notes = f"<documentation>{'x' * 50_000}</documentation>"

    assert codes(examine(diagram(notes + STEPS + flows("s>a", "a>e")))) == []


EVENTS = {
    "intermediateCatchEvent": "",
    "boundaryEvent": ' attachedToRef="a"',
}


@pytest.mark.parametrize("all_of", ["false", "true"])
@pytest.mark.parametrize("kind", EVENTS)
def test_an_event_with_several_triggers_gets_an_event_for_each(kind: str, all_of: str) -> None:
    two = "<signalEventDefinition/><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    event = f'<{kind} id="w" name="Coś"{EVENTS[kind]} parallelMultiple="{all_of}">{two}</{kind}>'
    ways = flows("s>a", "a>e", "w>f") if kind == "boundaryEvent" else flows("s>a", "a>w", "w>e")
    end = '<endEvent id="f"/>' if kind == "boundaryEvent" else ""

    examined = examine(diagram(STEPS + event + end + ways), accepted="all")

    waiting = [each for each in compiled(examined).blueprint.main.elements.values() if each.kind == kind]
    assert len(waiting) == 2
    assert ("W03" if kind == "boundaryEvent" and all_of == "true" else "E06") in codes(examined)
    assert violations(compiled(examined).executable) == []


def forms_that_are_wrong() -> list[type[Refusal]]:
    return [
        each
        for each in vars(of_forms).values()
        if isinstance(each, type) and issubclass(each, of_forms.FormWrong)
    ]


@pytest.mark.parametrize("kind", forms_that_are_wrong())
def test_every_reason_against_a_form_is_told_in_both_languages(kind: type[Refusal]) -> None:
    said = reasons.reason(kind(name="kwota", form="oferta", what="typ"))

    assert kind in reasons.POLISH
    assert said.pl != said.en
    assert not said.pl.endswith(".")
    assert "%(" not in said.pl + said.en


def test_a_form_is_refused_in_polish_and_in_english() -> None:
    fields = [{"key": "x y", "type": "text", "label": "X"}]
    form = doctor.File("oferta.json", orjson.dumps({"key": "oferta", "title": "Oferta", "fields": fields}))

    said = finding(examine(PLAIN.encode(), form), "X10")

    assert "musi mieć klucz" in said.message.pl
    assert "needs a key" in said.message.en


def test_a_table_is_refused_in_polish_and_in_english() -> None:
    said = finding(examine(PLAIN.encode(), doctor.File("t.dmn", b"<html/>")), "X11")

    assert "to musi być DMN" in said.message.pl
    assert "must be DMN" in said.message.en


@pytest.mark.parametrize(
    ("trouble", "polish"),
    [
        (RecursionError("maximum recursion depth exceeded"), "droga jest zbyt długa"),
        (ValueError("There is no support for this"), "silnik nie zna takiego elementu"),
        (NotSupported(element="a", what="Complex"), "silnik nie wykonuje (Complex)"),
        (ValueError("something else"), "odmowa parsera „something else”"),
        (ValueError(), "odmowa parsera „ValueError”"),
    ],
)
def test_what_the_engine_objects_to_is_told_in_polish(trouble: Exception, polish: str) -> None:
    assert polish in reasons.of_parser(trouble).pl


def test_a_step_of_an_unknown_kind_outside_every_process_is_named() -> None:
    content = diagram('<startEvent id="s"/>', more='<globalRobotTask id="r" name="Robot"/>')

    assert "r" in {each.element for each in examine(content).findings if each.code == "X18"}
