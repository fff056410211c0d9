"""What designers draw and set in other tools means the same here, and a finding says so."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from engine.history import Event
from engine.people import Department
from engine.process import doctor, expressions, forms
from engine.process.decisions import feel
from engine.process.doctor import conditions, dialects
from engine.process.tasks import UserTask
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
from tests.engine.process.kit import World

START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'
KNOWN = doctor.Known(
    departments={"sales": "Sprzedaż", "legal": "Dział prawny"},
    roles={"director": "director"},
    connectors=frozenset({"http", "mail"}),
)


def between(inside: str, *ways: str, top: str = "") -> bytes:
    """A start and an end with one thing between them, or the ways given."""
    return diagram(START + inside + END + flows(*(ways or ("s>a", "a>e"))), top=top)


def zeebe(inside: str) -> str:
    return f"<extensionElements>{inside}</extensionElements>"


def task(attributes: str = "", inside: str = "") -> bytes:
    return between(f'<userTask id="a" name="Oceń" {attributes}>{inside}</userTask>')


def served(topic: str) -> str:
    return f'<serviceTask id="a"><extensionElements><zeebe:taskDefinition type="{topic}"/></extensionElements></serviceTask>'


def look(content: bytes, *more: doctor.File) -> doctor.Examined:
    return examine(content, *more, known=KNOWN)


# ---------------------------------------------------------------- their expressions


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("${amount gt 100 && !approved}", "amount > 100 and (not approved)"),
        ("#{empty note}", "note in [None, '', []]"),
        ("${not empty note ? 1 : 2}", "1 if not note in [None, '', []] else 2"),
        ("${status eq 'open' or status ne null}", "status == 'open' or status != None"),
        ("${client.address.city == 'Kraków'}", "client.address.city == 'Kraków'"),
        ("${execution.getVariable('amount') >= 5}", "amount >= 5"),
        ("${status.equals('open')}", "status == 'open'"),
        ('=amount > 100 and status = "open"', "amount > 100 and status == 'open'"),
        ("=if approved then 1 else 2", "1 if approved else 2"),
        ("=amount in [10..20)", "10 <= amount < 20"),
        ('=status in ("open", "won")', "status in ['open', 'won']"),
        ("=amount between 1 and 5", "1 <= amount <= 5"),
        ("=some i in items satisfies i.price > 10", "any([i.price > 10 for i in items])"),
        ("=every a in ask, b in bid satisfies a > b", "all([a > b for a in ask for b in bid])"),
        ("=items[1].name", "items[0].name"),
        ("=count(items[item.price > 3]) > 1", "len([item for item in items if item.price > 3]) > 1"),
        ("=sum(prices[item > limit])", "sum([item for item in prices if item > limit])"),
        ('={name: client.name, "a b": [1, 2]}', "{'name': client.name, 'a b': [1, 2]}"),
        ("=string length(note) > 3", "len(note) > 3"),
        ('=not(contains(note, "x"))', "not 'x' in note"),
        ('=now() + duration("P2D")', "now() + duration('P2D')"),
        ("=[1, 2, amount]", "[1, 2, amount]"),
        ("approved == true", "approved == True"),
    ],
)
def test_their_words_are_put_into_ours(written: str, read: str) -> None:
    assert dialects.read(written) == read


@pytest.mark.parametrize(
    "written",
    [
        "${bean.call(x)}",
        "=items[price > 3]",
        "=items[item.price > limit]",
        "=items[item.price > 3].name",
        "=items[place]",
        "=Current Status.name",
        "={a: 1, b: a}",
        "={a: 1",
        "{a: 1}",
        "=is defined(x)",
        "${a}${b}",
        "${a",
        "=",
        "",
        "=((((",
        "=" + "(" * 200,
        "${__class__}",
        "=a = b = c",
        "=1 +",
    ],
)
def test_what_has_no_exact_counterpart_is_never_guessed(written: str) -> None:
    assert dialects.read(written) is None


DATA: dict[str, Any] = {
    "prices": [1, 2, 3, 5, 8],
    "limit": 2,
    "lines": [{"price": 4, "kind": "a"}, {"price": 9, "kind": "b"}, {"price": 2, "kind": "a"}],
    "status": "open",
    "client": {"name": "Zofia Wzorcowa"},
}


@pytest.mark.parametrize(
    "written",
    [
        "count(prices[item > 2]) = 3",
        "count(prices[item > limit]) = 3",
        "count(prices[item >= 2 and item < 8]) = 3",
        "prices[item > 2][1]",
        "prices[not(item = 1)][-1]",
        "prices[2]",
        'count(lines[item.kind = "a"])',
        "sum(prices[item in [2..5]])",
        'lines[item.kind = "b"][1].price',
        "some line in lines satisfies line.price > 8",
        "every line in lines satisfies line.price > 2",
        "some p in prices, line in lines satisfies p = line.price and p > 4",
        "every p in prices[item > 5] satisfies p > limit",
        "for line in lines return line.price * 2",
        "{name: client.name, total: sum(prices)}.total",
        '{name: client.name, "kind": "x"}',
        'if status = "open" then count(lines) else 0',
        'list contains(prices, 5) and status in ("open", "won")',
        "limit between 1 and 2",
        'not(contains(client.name, "x"))',
        'starts with(client.name, "Z") and string length(status) = 4',
    ],
)
def test_what_is_put_into_ours_gives_what_feel_itself_gives(written: str) -> None:
    ours, theirs = dialects.read(f"={written}"), feel.formula(written)
    assert ours is not None
    assert theirs is not None

    env = feel.Env(DATA)

    assert expressions.evaluate(ours, DATA) == feel.given(theirs.run(env), env)
    assert env.trouble is None


@pytest.mark.parametrize("text", ["={a: 1}", "=lines[item.price > 3]", "=[1, 2]", "[1, 2]"])
def test_a_list_or_a_context_is_no_condition(text: str) -> None:
    assert conditions.understood(text) is None


def test_a_condition_in_feel_runs_as_it_was_meant() -> None:
    form = doctor.File(
        "ask.json", b'{"key": "ask", "title": "Ask", "fields": [{"key": "amount", "type": "integer"}]}'
    )
    content = between(
        f'<userTask id="a">{say(form="ask")}</userTask><exclusiveGateway id="g" default="g_e"/><userTask id="b"/>',
        "s>a",
        "a>g",
        "g>e",
        "g>b: =if amount &gt; 100 then true else false",
        "b>e",
    )

    examined = look(content, form)

    assert "G11" in codes(examined)
    assert compiled(examined).blueprint.main.flows["g_b"].condition == "True if amount > 100 else False"


# ---------------------------------------------------------------- people and times


@pytest.mark.parametrize(
    ("attributes", "inside", "assignee"),
    [
        ('camunda:assignee="${initiator}"', "", "starter"),
        ('camunda:assignee="owner"', "", "owner"),
        ('camunda:assignee="anna@wislane.example"', "", "'anna@wislane.example'"),
        ('camunda:assignee="${owner.email}"', "", "owner.email"),
        ("", zeebe('<zeebe:assignmentDefinition assignee="=starter"/>'), "starter"),
        ("", zeebe('<zeebe:assignmentDefinition assignee="=owner.email"/>'), "owner.email"),
    ],
)
def test_an_assignee_is_the_one_who_does_it(attributes: str, inside: str, assignee: str) -> None:
    examined = look(task(attributes, inside))

    assert element(examined, "a").assignee == assignee
    assert finding(examined, "V01").severity == "mended"


@pytest.mark.parametrize("written", ["kowalski", "${approver}", "${bean.choose()}"])
def test_an_assignee_nobody_knows_leaves_the_task_to_its_lane(written: str) -> None:
    examined = look(task(f'camunda:assignee="{written}"'))

    assert finding(examined, "V02").element == "a"
    assert element(examined, "a").assignee is None
    assert "K02" not in codes(examined)


@pytest.mark.parametrize(
    ("groups", "audience"),
    [
        ("legal", "department:legal"),
        ("Dział prawny", "department:legal"),
        ("director", "role:director"),
        ("head:sales", "head:sales"),
    ],
)
def test_a_group_is_a_department_or_a_role(groups: str, audience: str) -> None:
    camunda = look(task(f'camunda:candidateGroups="{groups}"'))
    written = f'=["{groups}"]'.replace('"', "&quot;")
    other = look(task("", zeebe(f'<zeebe:assignmentDefinition candidateGroups="{written}"/>')))

    for examined in (camunda, other):
        assert element(examined, "a").audience == audience
        assert audience in finding(examined, "V03").remedy.en


def test_an_unknown_group_is_a_question() -> None:
    content = task('camunda:candidateGroups="accounting"')

    asked = finding(look(content), "V04")
    answered = examine(content, accepted={f"{asked.id}=department:legal"}, known=KNOWN)

    assert (asked.severity, asked.element, asked.repairable) == ("error", "a", True)
    assert look(content).compiled is None
    assert element(answered, "a").audience == "department:legal"
    assert element(examine(content, accepted={asked.id}, known=KNOWN), "a").audience == "role:employee"


def test_of_several_groups_the_first_that_is_known_counts() -> None:
    examined = look(task('camunda:candidateGroups="accounting, legal" camunda:candidateUsers="ewa"'))

    assert element(examined, "a").audience == "department:legal"
    assert "accounting, ewa" in finding(examined, "V05").message.en


@pytest.mark.parametrize(
    ("attributes", "inside", "due"),
    [
        ('camunda:dueDate="P2D"', "", "P2D"),
        ('camunda:dueDate="2026-12-01T12:00:00"', "", "'2026-12-01T12:00:00'"),
        (
            "",
            zeebe('<zeebe:taskSchedule dueDate="=now() + duration(&quot;P1D&quot;)"/>'),
            "now() + duration('P1D')",
        ),
    ],
)
def test_a_due_date_is_a_due_time(attributes: str, inside: str, due: str) -> None:
    examined = look(task(attributes, inside))

    assert element(examined, "a").due == due
    assert "V06" in codes(examined)


@pytest.mark.parametrize(
    ("written", "code"), [("${dateTime().plusDays(2).toDate()}", "V07"), ("soon", "V07"), ("${later}", "V09")]
)
def test_a_due_date_that_cannot_be_read_is_named(written: str, code: str) -> None:
    examined = look(task(f'camunda:dueDate="{written}"'))

    assert written in finding(examined, code).message.en
    assert element(examined, "a").due is None


def test_a_follow_up_date_stays_documentation() -> None:
    assert "followUpDate=P1D" in finding(look(task('camunda:followUpDate="P1D"')), "V08").message.en


# ---------------------------------------------------------------- forms


FORM_DATA = zeebe(
    "<camunda:formData>"
    '<camunda:formField id="amount" label="Kwota" type="long" defaultValue="5"><camunda:validation>'
    '<camunda:constraint name="required"/><camunda:constraint name="min" config="1"/></camunda:validation></camunda:formField>'
    '<camunda:formField id="way" label="Droga" type="enum"><camunda:value id="sea" name="Morzem"/>'
    '<camunda:value id="air" name="Lotem"/></camunda:formField>'
    '<camunda:formField id="ok" type="boolean"/><camunda:formField id="day" type="date"/>'
    '<camunda:formField id="class" type="string"/><camunda:formField id="map" type="geo"/></camunda:formData>'
)


def test_form_data_becomes_a_form_with_its_kinds_choices_and_limits() -> None:
    examined = look(task("", FORM_DATA))

    key = element(examined, "a").form
    form = forms.from_json(compiled(examined).forms[key or ""])
    assert [(each.key, each.type) for each in form.fields] == [
        ("amount", "integer"),
        ("way", "choice"),
        ("ok", "yes_no"),
        ("day", "date"),
        ("class_", "text"),
        ("map", "text"),
    ]
    amount, way = form.fields[:2]
    assert (amount.required, amount.min, amount.default, amount.label.pl) == (True, 1, 5, "Kwota")
    assert [(each.value, each.label.pl) for each in way.options] == [("sea", "Morzem"), ("air", "Lotem")]
    assert "geo" in finding(examined, "V13").message.en
    assert finding(examined, "V10").severity == "mended"


def test_form_properties_of_flowable_and_activiti_are_the_same() -> None:
    inside = (
        '<extensionElements><activiti:formProperty xmlns:activiti="http://activiti.org/bpmn" id="days" name="Dni" '
        'type="long" required="true"/></extensionElements>'
    )
    examined = look(task("", inside))

    (form,) = compiled(examined).forms.values()
    assert form["fields"] == [{"key": "days", "type": "integer", "label": "Dni", "required": True}]


CAMUNDA_FORM = {
    "components": [
        {"type": "text", "text": "<h2>Proszę</h2> sprawdzić"},
        {
            "type": "textfield",
            "key": "client name",
            "label": "Klient",
            "validate": {"required": True, "maxLength": 50},
        },
        {"type": "number", "key": "amount", "label": "Kwota", "decimalDigits": 0, "validate": {"min": 1}},
        {"type": "checkbox", "key": "urgent", "label": "Pilne"},
        {"type": "select", "key": "way", "label": "Droga", "values": [{"label": "Morzem", "value": "sea"}]},
        {"type": "textarea", "key": "why", "label": "Czemu", "conditional": {"hide": "=not(urgent)"}},
        {"type": "datetime", "subtype": "date", "key": "day", "label": "Dzień"},
        {
            "type": "group",
            "path": "home",
            "components": [{"type": "textfield", "key": "city", "label": "Miasto"}],
        },
        {"type": "button", "label": "Wyślij"},
        {"type": "chart", "label": "Wykres"},
    ]
}


def test_a_zeebe_form_inside_the_file_becomes_ours() -> None:
    shown = zeebe('<zeebe:formDefinition formKey="camunda-forms:bpmn:F1"/>')
    text = json.dumps(CAMUNDA_FORM).replace("&", "&amp;").replace("<", "&lt;")
    body = f'<extensionElements><zeebe:userTaskForm id="F1">{text}</zeebe:userTaskForm></extensionElements>'
    content = diagram(body + START + f'<userTask id="a">{shown}</userTask>' + END + flows("s>a", "a>e"))

    examined = look(content)

    (form,) = compiled(examined).forms.values()
    fields = {each["key"]: each for each in form["fields"]}
    assert list(fields) == ["client_name", "amount", "urgent", "way", "why", "day", "home_city"]
    assert fields["client_name"]["max"] == 50
    assert fields["why"]["when"] == "not (not urgent)"
    assert form["intro"] == "Proszę sprawdzić"
    assert "Wykres" in finding(examined, "V13").message.en
    forms.from_json(form)


def test_a_form_key_finds_a_form_of_the_upload_or_is_named() -> None:
    form = doctor.File(
        "approve.json", b'{"key": "approve", "title": "A", "fields": [{"key": "x", "type": "text"}]}'
    )

    found = look(task('camunda:formKey="embedded:app:forms/approve.html"'), form)
    missing = look(task('camunda:formKey="app:approve.jsf"'))

    assert element(found, "a").form == "approve"
    assert "V11" in codes(found)
    assert "app:approve.jsf" in finding(missing, "V12").message.en
    assert compiled(missing)


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"components": 7}', '{"components": [7, {}, null]}'])
def test_a_broken_form_inside_a_file_breaks_nothing(text: str) -> None:
    body = f'<extensionElements><zeebe:userTaskForm id="F1">{text}</zeebe:userTaskForm></extensionElements>'
    shown = zeebe('<zeebe:formDefinition formId="F1"/>')

    examined = look(
        diagram(body + START + f'<userTask id="a">{shown}</userTask>' + END + flows("s>a", "a>e"))
    )

    assert element(examined, "a").form is None


# ---------------------------------------------------------------- work


@pytest.mark.parametrize(
    "drawn",
    [
        '<serviceTask id="a" camunda:type="external" camunda:topic="mail"/>',
        served("mail"),
        '<serviceTask id="a" camunda:delegateExpression="${mail}"/>',
        served("io.camunda:email:1"),
    ],
)
def test_a_topic_is_a_connector(drawn: str) -> None:
    examined = look(between(drawn))

    assert (element(examined, "a").kind, element(examined, "a").connector) == ("serviceTask", "mail")
    assert "V20" in codes(examined)


def test_a_topic_nobody_serves_is_a_question_that_names_it() -> None:
    examined = look(between('<serviceTask id="a" camunda:type="external" camunda:topic="stock"/>'))

    assert "stock" in finding(examined, "A14").message.en


def test_what_goes_into_a_connector_keeps_its_names() -> None:
    inside = (
        '<zeebe:taskDefinition type="io.camunda:http-json:1"/><zeebe:ioMapping><zeebe:input source="POST" target="method"/>'
        '<zeebe:input source="=owner.email" target="body.sender.mail"/><zeebe:input source="=bad(" target="url"/>'
        '<zeebe:output source="=owner.name" target="who"/></zeebe:ioMapping>'
        '<zeebe:taskHeaders><zeebe:header key="resultVariable" value="reply"/></zeebe:taskHeaders>'
    )
    examined = look(between(f'<serviceTask id="a">{zeebe(inside)}</serviceTask>'))

    made = element(examined, "a")
    assert (made.connector, made.operation, made.output) == ("http", "post", "reply")
    assert made.inputs["body"] == "{'sender': {'mail': owner.email}}"
    assert "url = =bad(" in finding(examined, "V07").message.en
    assert {"V20", "V23", "V24"} <= set(codes(examined))


def test_an_expression_with_a_result_is_a_script() -> None:
    content = between('<serviceTask id="a" camunda:expression="${1 + 2}" camunda:resultVariable="total"/>')

    examined = look(content)

    assert element(examined, "a").kind == "scriptTask"
    assert "total = 1 + 2" in finding(examined, "V22").remedy.en


def test_program_code_is_named_and_a_person_does_the_step() -> None:
    content = between('<serviceTask id="a" camunda:class="com.example.Check"/>')

    assert "com.example.Check" in finding(look(content), "V21").message.en
    assert element(examine(content, accepted="all", known=KNOWN), "a").kind == "userTask"


def test_values_that_change_their_name_do_so_in_a_step_of_their_own() -> None:
    mapped = zeebe(
        '<camunda:formData><camunda:formField id="part" type="long"/></camunda:formData>'
        '<zeebe:ioMapping><zeebe:output source="=part * 2" target="double"/></zeebe:ioMapping>'
    )

    examined = look(between(f'<userTask id="a">{mapped}</userTask>'))

    assert b"<bpmn:script>double = part * 2</bpmn:script>" in compiled(examined).executable
    assert "double" in finding(examined, "V24").message.en
    assert "e" in play(compiled(examined), 1)


def test_values_from_nowhere_are_left_out_by_name() -> None:
    inside = zeebe('<zeebe:ioMapping><zeebe:output source="=reply.total" target="total"/></zeebe:ioMapping>')

    said = finding(look(between(f'<userTask id="a">{inside}</userTask>')), "V09")

    assert "reply" in said.message.en
    assert said.element == "a"


def test_versions_save_points_listeners_and_keys_are_told() -> None:
    called = '<process id="other" isExecutable="true"><startEvent id="os"/><endEvent id="oe"/>' + flows(
        "os>oe"
    )
    content = diagram(
        START
        + '<callActivity id="a" calledElement="other" camunda:calledElementBinding="latest" camunda:asyncBefore="true">'
        + zeebe('<camunda:executionListener class="com.example.Log" event="start"/>')
        + "</callActivity>"
        + END
        + flows("s>a", "a>e"),
        top='<message id="m" name="paid"><extensionElements><zeebe:subscription correlationKey="=order.id"/>'
        "</extensionElements></message>",
        more=f"{called}</process>",
    )

    examined = look(content)

    assert {"V25", "V26", "V27", "V28"} <= set(codes(examined))
    assert "com.example.Log" in finding(examined, "V27").message.en
    assert finding(examined, "V28").element == "m"


def test_what_a_diagram_says_in_our_words_wins() -> None:
    ours = say(assignee="owner", due="P3D", audience="department:sales")
    examined = look(
        task('camunda:assignee="${initiator}" camunda:dueDate="P9D" camunda:candidateGroups="legal"', ours)
    )

    made = element(examined, "a")
    assert (made.assignee, made.due, made.audience) == ("owner", "P3D", "department:sales")


# ---------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("written", "field", "read", "code"),
    [
        ('="PT1H"', "timeDuration", '"PT1H"', None),
        ('=duration("PT1H")', "timeDuration", '"PT1H"', None),
        ("${'PT1H'}", "timeDuration", '"PT1H"', None),
        ("pt 1h", "timeDuration", '"PT1H"', "T03"),
        ("PT1H", "timeDate", '"PT1H"', "V30"),
        ("2026-12-01T10:00:00", "timeDuration", '"2026-12-01T10:00:00"', "V30"),
        ('=now() + duration("PT1H")', "timeDate", 'now() + duration("PT1H")', None),
    ],
)
def test_times_of_other_tools_are_read(written: str, field: str, read: str, code: str | None) -> None:
    inside = f"<timerEventDefinition><{field}>{written}</{field}></timerEventDefinition>"
    examined = look(between(f'<intermediateCatchEvent id="a">{inside}</intermediateCatchEvent>'))

    timer = element(examined, "a").timer
    assert timer is not None
    assert timer.expression == read
    assert code is None or code in codes(examined)
    assert not {"T01", "T02"} & set(codes(examined))


def test_a_cycle_call_is_a_cycle() -> None:
    inside = '<timerEventDefinition><timeCycle>=cycle(3, duration("PT1H"))</timeCycle></timerEventDefinition>'
    content = between(
        f'<userTask id="a"/><boundaryEvent id="b" attachedToRef="a" cancelActivity="false">{inside}</boundaryEvent>',
        "s>a",
        "a>e",
        "b>e",
    )
    timer = element(look(content), "b").timer
    assert timer is not None
    assert (timer.kind, timer.expression) == ("cycle", '"R3/PT1H"')


# ---------------------------------------------------------------- more BPMN, and the history of it


def test_conditional_default_and_plain_ways_out_of_a_step_together() -> None:
    form = doctor.File("f.json", b'{"key": "f", "title": "F", "fields": [{"key": "n", "type": "integer"}]}')
    content = between(
        f'<userTask id="a" default="a_c">{say(form="f")}</userTask><userTask id="b"/><userTask id="c"/><userTask id="d"/>',
        "s>a",
        "a>b: n &gt; 5",
        "a>c",
        "a>d",
        "b>e",
        "c>e",
        "d>e",
    )

    examined = look(content, form)

    flows_ = compiled(examined).blueprint.main.flows
    assert "F06" in codes(examined)
    assert flows_["a_d"].condition == "True", "a plain way always starts"
    assert flows_["a_b"].condition == "n > 5"
    assert flows_["a_c"].condition is None


def test_history_names_elements_of_the_upload_only(world: World, departments: dict[str, Department]) -> None:
    content = diagram(
        '<startEvent id="s"/><userTask id="a"/><userTask id="b"/><intermediateThrowEvent id="out">'
        '<linkEventDefinition name="L"/></intermediateThrowEvent><intermediateCatchEvent id="in">'
        '<linkEventDefinition name="L"/></intermediateCatchEvent><exclusiveGateway id="g" name="Dalej?"/>'
        '<serviceTask id="x"/><endEvent id="e1"><signalEventDefinition signalRef="sig"/></endEvent><userTask id="last"/>'
        + flows("s>a", "a>b", "a>out", "b>e1", "in>x", "x>g", "g>last! Tak", "g>e1! Nie"),
        top='<signal id="sig" name="koniec"/>',
    )
    drawn = {each.split('"')[0] for each in content.decode().split(' id="')[1:]}
    definition = world.deploy(doctor.File("sale.bpmn", content))
    id_ = world.start(definition)

    for _ in range(8):
        with world.factory.begin() as session:
            open_ = session.scalars(select(UserTask).where(UserTask.closed_at.is_(None))).all()
            steps = [(each.element, each.form) for each in open_]
        for step, form in steps:
            answer: dict[str, Any] = {"choice_g": "g_last"} if form else {}
            world.complete(id_, step, **answer)
        world.now += timedelta(hours=1)
        if world.instance(id_).ended_at:
            break

    facts = [event for event in world.rows(Event) if event.instance_id == id_]
    assert world.instance(id_).ended_at is not None
    assert {event.element for event in facts if event.element} <= drawn
    assert {"a", "b", "out", "x", "g", "last"} <= {event.element for event in facts}
    assert not any((event.data or {}).get("flow", "").startswith("dr_") for event in facts)
    assert world.seqs(id_) == list(range(1, len(facts) + 1))
    assert facts[-1].kind == "ended"
