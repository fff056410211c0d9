"""One small upload for every finding: what raises it, the element it names, and the words that show it in the docs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from engine.process import doctor
from engine.process.blueprint import Text
from tests.engine.process.doctor_kit import HEAD, KNOWN, diagram, flows, say

START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'
NAMED = '<userTask id="a" name="Oceń ofertę"/>'


@dataclass(frozen=True, slots=True)
class Specimen:
    """An upload. ``element`` is what the finding names; ``shown`` is the piece of the diagram worth showing."""

    files: tuple[doctor.File, ...]
    element: str | None = None
    shown: str = ""
    known: doctor.Known = field(default=KNOWN)
    process: str | None = None
    accepted: tuple[str, ...] = ()

    def examine(self) -> doctor.Examined:
        """What the doctor says about it."""
        return doctor.examine(self.files, known=self.known, process=self.process, accepted=self.accepted)


def bpmn(content: bytes, name: str = "sale.bpmn") -> doctor.File:
    return doctor.File(name, content)


def whole(
    content: bytes | str, name: str = "sale.bpmn", shown: str = "", element: str | None = None
) -> Specimen:
    """A file given as it is."""
    return Specimen((bpmn(content.encode() if isinstance(content, str) else content, name),), element, shown)


def drawn(inside: str, *ways: str, about: str | None = "a", top: str = "", more: str = "") -> Specimen:
    """A start, an end and something between them."""
    content = diagram(START + inside + END + flows(*(ways or ("s>a", "a>e"))), top=top, more=more)
    return Specimen((bpmn(content),), about, top + inside)


def bare(
    inside: str, *ways: str, about: str | None = "a", top: str = "", more: str = "", **said: str
) -> Specimen:
    """A process of nothing but this."""
    return Specimen((bpmn(diagram(inside + flows(*ways), top=top, more=more)),), about, top + inside)


def beside(specimen: Specimen, *files: doctor.File) -> Specimen:
    """With further files."""
    return replace(specimen, files=(*specimen.files, *files))


def form(*keys: str, key: str = "ask") -> doctor.File:
    """A form of whole numbers."""
    fields = ", ".join(f'{{"key": "{each}", "type": "integer"}}' for each in keys)
    return doctor.File(
        f"{key}.json", f'{{"key": "{key}", "title": "Pytanie", "fields": [{fields}]}}'.encode()
    )


def table(
    *rules: str,
    policy: str = "UNIQUE",
    kind: str = "number",
    gives: str = "string",
    outputs: str = "",
    more: str = "",
) -> doctor.File:
    """A decision table over ``amount``; a rule is ``condition -> answer``."""
    rows = ""
    for number, rule in enumerate(rules, 1):
        test, _, answer = (each.strip().replace("<", "&lt;") for each in rule.partition("->"))
        rows += (
            f'<rule id="r{number}"><inputEntry id="i{number}"><text>{test}</text></inputEntry>'
            f'<outputEntry id="o{number}"><text>{answer}</text></outputEntry></rule>'
        )
    text = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f'<decision id="policy" name="Zasady"><decisionTable id="t" hitPolicy="{policy}"{more}>'
        f'<input id="i"><inputExpression id="ie" typeRef="{kind}"><text>amount</text></inputExpression></input>'
        f'<output id="o" name="verdict" typeRef="{gives}"/>{outputs}{rows}</decisionTable></decision></definitions>'
    )
    return doctor.File("policy.dmn", text.encode())


def doubled(file: doctor.File) -> doctor.File:
    """The same table with a second column about the same value."""
    column = '<input id="i2"><inputExpression id="ie2" typeRef="number"><text>amount + 1</text></inputExpression></input>'
    text = file.content.decode().replace("<output id", f"{column}<output id", 1)
    for number in (1, 2):
        entry = f'<inputEntry id="j{number}"><text>&lt; {number}0</text></inputEntry>'
        text = text.replace(f'<outputEntry id="o{number}"', f'{entry}<outputEntry id="o{number}"')
    return doctor.File(file.name, text.encode())


def twice(file: doctor.File) -> doctor.File:
    """The same table with a second output."""
    column, entry = (
        '<output id="o9" name="more" typeRef="number"/>',
        '<outputEntry id="p1"><text>2</text></outputEntry>',
    )
    text = file.content.decode().replace("<rule", f"{column}<rule", 1).replace("</rule>", f"{entry}</rule>")
    return doctor.File(file.name, text.encode())


def decides(file: doctor.File, *, element: str | None = "policy") -> Specimen:
    """A diagram that asks for an amount and lets a table decide."""
    inside = f'<userTask id="u">{say(form="ask")}</userTask><businessRuleTask id="a">{say(decision="policy")}</businessRuleTask>'
    rules = file.content.decode().partition("</output>")[2] or file.content.decode()
    shown = rules[: rules.find("</decisionTable>")] if "</decisionTable>" in rules else rules
    found = beside(drawn(inside, "s>u", "u>a", "a>e"), file, form("amount"))
    return replace(found, element=element, shown=shown)


def timed(inside: str, name: str = "Czekaj") -> Specimen:
    """A timer that is waited for."""
    clock = f"<timerEventDefinition>{inside}</timerEventDefinition>"
    return drawn(f'<intermediateCatchEvent id="a" name="{name}">{clock}</intermediateCatchEvent>')


def waiting(inside: str, top: str = "") -> Specimen:
    """An event that is waited for."""
    return drawn(f'<intermediateCatchEvent id="a" name="Czekaj">{inside}</intermediateCatchEvent>', top=top)


def gate(kind: str, *ways: str, said: str = "", before: str = "", about: str = "g") -> Specimen:
    """A gateway with two ways out."""
    inside = f'{before}<{kind} id="g" name="Duża?"{said}/><userTask id="x"/><userTask id="y"/>'
    entering = ("s>u", "u>g") if before else ("s>g",)
    return drawn(inside, *entering, *ways, "x>e", "y>e", about=about)


def bordered(inside: str, said: str = "", *more: str) -> Specimen:
    """A boundary event on a task."""
    edge = f'<boundaryEvent id="b" name="Brzeg" attachedToRef="a"{said}>{inside}</boundaryEvent>'
    return drawn(f'<userTask id="a"/>{edge}', "s>a", "a>e", "b>e", *more, about="b")


def laned(
    said: str, inside: str = '<userTask id="a" name="Oceń"/>', name: str = "Księgowość", more: str = ""
) -> Specimen:
    """A lane with a task."""
    lanes = f'<laneSet><lane id="lane_1" name="{name}">{said}<flowNodeRef>a</flowNodeRef></lane></laneSet>'
    found = bare(lanes + START + inside + END + more, "s>a", "a>e", about="lane_1")
    return replace(found, shown=lanes)


def handed(
    *steps: str, decided: tuple[str, str] | None = None, provider: str = "legal", consumer: str = "sales"
) -> Specimen:
    """Steps in a row: Legal does the one called draft, Sales the others; perhaps with what was decided about a flow."""
    mine = "".join(f"<flowNodeRef>{each}</flowNodeRef>" for each in ("s", "e", *steps) if each != "draft")
    lanes = (
        f'<laneSet><lane id="sales" name="Sprzedaż">{mine}</lane>'
        '<lane id="legal" name="Dział prawny"><flowNodeRef>draft</flowNodeRef></lane></laneSet>'
    )
    names = {"ask": "Poproś o umowę", "draft": "Przygotuj umowę", "check": "Sprawdź umowę"}
    inside = "".join(f'<userTask id="{each}" name="{names[each]}"/>' for each in steps)
    ways = [f"{one}>{other}" for one, other in pairwise(("s", *steps, "e"))]
    found = bare(lanes + START + inside + END, *ways, about="ask_draft" if "draft" in steps else "ask_check")
    if decided is None:
        return replace(found, shown=lanes + inside)
    title = Text(names["draft"], names["draft"])
    standing = doctor.Decided("sale", *decided, title, consumer, provider)
    known = replace(KNOWN, decided={"sale": (standing,)})
    gone = "sale" if decided[0] == "ask_review" else found.element
    return replace(found, shown=inside, known=known, element=gone)


def staged(*stages: Mapping[str, str]) -> Specimen:
    """Tasks that enter stages, one after the other."""
    inside = "".join(f'<userTask id="t{place}">{say(**said)}</userTask>' for place, said in enumerate(stages))
    path = ["s", *(f"t{place}" for place in range(len(stages))), "e"]
    return drawn(inside, *(f"{one}>{other}" for one, other in pairwise(path)), about=None)


def served(topic: str) -> str:
    return f'<extensionElements><zeebe:taskDefinition type="{topic}"/></extensionElements>'


def mapped(inside: str) -> str:
    return f"<extensionElements><zeebe:ioMapping>{inside}</zeebe:ioMapping></extensionElements>"


def handler(inside: str, start: str, said: str = "", ways: tuple[str, ...] = ()) -> Specimen:
    """An event sub-process beside an ordinary way."""
    body = f'<startEvent id="hs"{said}>{start}</startEvent>{inside}'
    sub = f'<subProcess id="h" name="Rezygnacja" triggeredByEvent="true">{body}</subProcess>'
    return drawn(
        f'<userTask id="a"/>{sub}', "s>a", "a>e", *ways, about="h", top='<message id="m" name="withdrew"/>'
    )


TALK = '<messageEventDefinition messageRef="m"/>'
HANDLED = '<endEvent id="he"/><sequenceFlow id="hs_he" sourceRef="hs" targetRef="he"/>'
ORDERED = '<message id="m" name="ordered"/>'
ALONE = '<process id="other" isExecutable="true"><startEvent id="os"/><userTask id="ot"/><endEvent id="oe"/>'
ALONE += flows("os>ot", "ot>oe") + "</process>"
SPLIT = "<intermediateCatchEvent id='{0}' name='{0}'>{1}</intermediateCatchEvent>"
HOUR = '<timerEventDefinition><timeDuration>"PT1H"</timeDuration></timerEventDefinition>'
GOOD = diagram(START + NAMED + END + flows("s>a", "a>e"))
DEEP = "<x>" * 120 + "</x>" * 120
DRAFT = '<definitions xmlns="http://www.omg.org/spec/BPMN/20100501/MODEL">'
CONNECTED = replace(KNOWN, connectors=frozenset({"mail", "http"}), agreements=frozenset({"SLA-1"}))
DATA = '<camunda:formData><camunda:formField id="{0}" label="Kwota" type="{1}"/></camunda:formData>'

UNDONE = (
    f'{NAMED}<boundaryEvent id="b" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>'
    '<userTask id="u" name="Wycofaj ofertę" isForCompensation="true"/>'
    '<association id="w" sourceRef="b" targetRef="u"/>'
    '<intermediateThrowEvent id="t" name="Cofnij"><compensateEventDefinition/></intermediateThrowEvent>'
)
SPECIMENS: dict[str, Specimen] = {
    # files
    "X01": whole(GOOD.replace(b"</process>", b"")),
    "X02": whole('<html xmlns="http://www.w3.org/1999/xhtml"/>'),
    "X03": whole(b'<!DOCTYPE x [<!ENTITY a "b">]>' + GOOD, shown='<!DOCTYPE x [<!ENTITY a "b">]>'),
    "X04": whole(GOOD + b" " * 2 * 1024 * 1024),
    "X05": whole(GOOD.replace(b"</process>", b"<documentation/>" * 40_001 + b"</process>")),
    "X06": whole(GOOD.replace("Oceń ofertę".encode(), b"x" * 20_001)),
    "X07": whole(f"{HEAD}</definitions>"),
    "X08": whole(f'{HEAD}<process id="sale"/></definitions>', shown='<process id="sale"/>'),
    "X09": Specimen((bpmn(GOOD), doctor.File("notes.docx", b"x"))),
    "X10": Specimen((bpmn(GOOD), doctor.File("ask.json", b'{"key": "ask"}')), shown='{"key": "ask"}'),
    "X11": Specimen((bpmn(GOOD), doctor.File("policy.dmn", b'<definitions xmlns="urn:none"/>'))),
    "X12": whole(
        ('<?xml version="1.0" encoding="UTF-8"?>' + GOOD.decode())
        .encode("cp1250", "replace")
        .replace(b"?xml", b"?xml", 1)
    ),
    "X13": whole(GOOD.replace(b"</process>", f"<documentation>{DEEP}</documentation></process>".encode())),
    "X14": Specimen((bpmn(GOOD, "one.bpmn"), bpmn(GOOD, "two.bpmn"))),
    "X16": Specimen((form("x"),)),
    # processes
    "P01": whole(
        GOOD.replace(b' isExecutable="true"', b""),
        shown='<process id="sale" name="Sprzedaż próbna">',
        element="sale",
    ),
    "P02": bare(
        START + NAMED + END,
        "s>a",
        "a>e",
        about="bank",
        more='<collaboration id="c"><participant id="bank" name="Bank"/></collaboration>',
    ),
    "P03": replace(
        drawn(NAMED, more='<process id="other" name="Pusty"/>'),
        element="other",
        shown='<process id="other" name="Pusty"/>',
    ),
    "P04": replace(drawn(NAMED, more=ALONE, about="other"), process="sale", shown=ALONE),
    "P05": replace(drawn(NAMED, more=ALONE, about=None), shown=""),
    "P08": replace(drawn(NAMED, "s>a", "a>e", "a>ot", more=ALONE, about="other"), process="sale", shown=""),
    "P06": replace(drawn(NAMED, about=None), process="nothing", shown=""),
    "P07": drawn(NAMED, about=None, more='<collaboration id="c"><conversation id="v"/></collaboration>'),
    "K01": drawn(
        NAMED + '<dataObject id="d"/><dataObjectReference id="r" name="Faktura" dataObjectRef="d"/>',
        about="sale",
    ),
    "K02": drawn('<userTask id="a" camunda:priority="7"/>', about="sale"),
    "K03": drawn(
        NAMED,
        about="sale",
        more='<collaboration id="c"><correlationKey id="k" name="Numer"/></collaboration>',
    ),
    "I01": bare(START + NAMED + END + '<sequenceFlow sourceRef="s" targetRef="a"/>', "a>e", about=None),
    "I02": bare('<startEvent id="s"/><userTask id="End"/><endEvent id="e"/>', "s>End", "End>e", about="End"),
    "I03": bare(
        '<startEvent id="s"/><userTask id="a b"/><endEvent id="e"/>'
        '<sequenceFlow id="f" sourceRef="s" targetRef="a b"/><sequenceFlow id="g" sourceRef="a b" targetRef="e"/>',
        about="a b",
    ),
    "I04": drawn(NAMED + '<userTask id="a" name="Drugie"/>'),
    "L01": laned(""),
    "L02": laned(say(audience="department:nobody")),
    "L03": drawn(NAMED, about="sale"),
    "L04": replace(laned(say(audience="system"), name="System"), element="a"),
    "L05": replace(
        laned("", '<userTask id="a"/><userTask id="b" name="Obok"/>', name="sales", more=flows("e>b")),
        element="b",
    ),
    "Q01": drawn(f'<userTask id="a">{say(form="approve")}</userTask>'),
    "Q02": replace(drawn(f'<userTask id="a">{say(handoff="SLA-7")}</userTask>'), known=CONNECTED),
    "Q03": drawn(f'<userTask id="a">{say(due="2 +")}</userTask>'),
    "Q04": drawn(f'<userTask id="a">{say(due="later")}</userTask>'),
    "Q05": drawn(f'<userTask id="a">{say(clock="sand")}</userTask>'),
    "Q06": replace(drawn(say(keeps="amount") + NAMED), element="sale"),
    "Z01": staged({"stage": "one", "stage__order": "1"}, {"stage": "two", "stage__order": "1"}),
    "Z02": staged({"stage": "one", "stage__order": "1"}, {"stage": "two", "stage__order": "3"}),
    "Z03": replace(staged({"stage": "one"}), element="t0"),
    "Z04": replace(
        staged({"stage": "one", "stage__order": "1"}, {"stage": "one", "stage__order": "2"}), element="t1"
    ),
    "H01": handed("ask", "draft"),
    "H02": handed("ask", "draft", decided=("ask_review", "Ustalenie H5")),
    "H03": handed("ask", "check", decided=("ask_check", "Ustalenie H5")),
    "H04": handed("ask", "draft", decided=("ask_draft", "Ustalenie H7"), provider="presales"),
    # flows
    "F01": drawn(NAMED, "s>a", "a>e", "ghost>a", about="ghost_a"),
    "F02": drawn(
        NAMED + '<callActivity id="c" calledElement="other"/>',
        "s>a",
        "a>c",
        "c>e",
        "a>ot",
        more=ALONE,
        about="a_ot",
    ),
    "F03": drawn(
        '<userTask id="b"/><subProcess id="a"><startEvent id="is"/><userTask id="it"/><endEvent id="ie"/>'
        + flows("is>it", "it>ie")
        + "</subProcess>",
        "s>b",
        "b>it",
        "a>e",
        about="b_it",
    ),
    "F04": drawn(f'{NAMED}<endEvent id="m"/>', "s>m", "m>a", "a>e", about="m"),
    "F05": drawn(
        f'{NAMED}<exclusiveGateway id="g"/>', "s>a", "a>g", "g>s! Jeszcze raz", "g>e! Koniec", about="s"
    ),
    "F06": beside(
        drawn(
            f'<userTask id="a">{say(form="ask")}</userTask><userTask id="x"/><userTask id="y"/>',
            "s>a",
            "a>x: n &gt; 1",
            "a>y: n &lt; 5",
            "x>e",
            "y>e",
        ),
        form("n"),
    ),
    "F07": drawn(f'{NAMED}<userTask id="x"/><userTask id="y"/>', "s>a", "a>x", "a>y", "x>e", "y>e"),
    "F08": drawn(f'{NAMED}<userTask id="x"/>', "s>a", "a>a", about="a"),
    "F09": handler(HANDLED, TALK, ways=("a>h",)),
    "F10": beside(drawn(f'<userTask id="a">{say(form="ask")}</userTask>', "s>a", "a>e: n &gt; 1"), form("n")),
    "F11": drawn(NAMED, "s>a", "a>e", "a>ghost", about="a_ghost"),
    "S11": drawn(NAMED + '<userTask id="b" name="Oddzwoń"/>', "s>a", "a>e", "b>e", about="b"),
    "S01": bare(NAMED + END, "a>e"),
    "S02": bare('<userTask id="a"/><userTask id="b"/>' + END, "a>e", "b>e", about="sale"),
    "S03": bare('<userTask id="a"/><userTask id="b"/>' + END, "a>b", "b>a", "b>e", "e>a", about="a"),
    "S04": bare(
        f'<startEvent id="s" name="Zamówiono">{TALK}</startEvent>{NAMED}{END}',
        "s>a",
        "a>e",
        about="s",
        top=ORDERED,
    ),
    "S05": bare(
        '<startEvent id="s" name="Mail"/><startEvent id="z" name="Telefon"/>' + NAMED + END,
        "s>a",
        "z>a",
        "a>e",
        about="sale",
    ),
    "S06": drawn(
        f'<subProcess id="a"><startEvent id="is" name="Przyszło">{TALK}</startEvent><endEvent id="ie"/>'
        + flows("is>ie")
        + "</subProcess>",
        about="is",
        top=ORDERED,
    ),
    "S07": bare(START + NAMED, "s>a"),
    "S08": handler(HANDLED, TALK),
    "S09": bare(
        f'<subProcess id="h" triggeredByEvent="true"><startEvent id="hs" isInterrupting="false">{TALK}</startEvent>{HANDLED}</subProcess>',
        about="sale",
        top=ORDERED,
    ),
    "S10": handler(HANDLED, ""),
    "R01": drawn(NAMED + '<userTask id="b" name="Sam"/>', about="b"),
    "R02": drawn(
        NAMED + '<userTask id="b"/><userTask id="c"/>', "s>a", "a>e", "b>c", "c>b", "c>e", about="b"
    ),
    "R03": beside(
        drawn(
            '<userTask id="u">'
            + say(form="ask")
            + '</userTask><exclusiveGateway id="m"/><scriptTask id="a"><script>n = n + 1</script></scriptTask>'
            '<exclusiveGateway id="g" default="g_e"/>',
            "s>u",
            "u>m",
            "m>a",
            "a>g",
            "g>m: n &lt; 9",
            "g>e",
            about="m",
        ),
        form("n"),
    ),
    "R04": drawn('<userTask id="a"/><userTask id="b"/>', "s>a", "a>b", "b>a", about="a"),
    # gateways
    "G01": drawn(
        '<eventBasedGateway id="g" name="Co dalej?"/><userTask id="x"/><userTask id="y"/>',
        "s>g",
        "g>x",
        "g>y",
        "x>e",
        "y>e",
        about="g",
    ),
    "G02": drawn(
        '<eventBasedGateway id="g"/><userTask id="u"/>'
        + SPLIT.format("x", HOUR)
        + SPLIT.format("y", TALK)
        + '<parallelGateway id="p"/>',
        "s>p",
        "p>g",
        "p>u",
        "u>x",
        "g>x",
        "g>y",
        "x>e",
        "y>e",
        about="x",
        top=ORDERED,
    ),
    "G03": gate("complexGateway", "g>x! Tak", "g>y! Nie"),
    "G04": gate("parallelGateway", "g>x: 1 &gt; 0", "g>y"),
    "G05": gate("exclusiveGateway", "g>x! Tak", "g>y! Nie", said=' default="nowhere"'),
    "G06": beside(
        gate(
            "exclusiveGateway",
            "g>x: n &gt; 5",
            "g>y: n &lt; 3",
            before=f'<userTask id="u">{say(form="ask")}</userTask>',
        ),
        form("n"),
    ),
    "G07": gate("exclusiveGateway", "g>x: gdy klient zapłacił", "g>y: w innym razie"),
    "G08": gate("exclusiveGateway", "g>x! Tak", "g>y! Nie"),
    "G09": gate("exclusiveGateway", "g>x: amount &gt; 5", "g>y: amount &lt; 6"),
    "G10": gate("exclusiveGateway", "g>x", "g>y"),
    "G11": beside(
        gate(
            "exclusiveGateway",
            "g>x: ${n gt 5}",
            "g>y",
            said=' default="g_y"',
            before=f'<userTask id="u">{say(form="ask")}</userTask>',
        ),
        form("n"),
    ),
    "G12": drawn(
        '<eventBasedGateway id="g"/>'
        + SPLIT.format("x", HOUR)
        + SPLIT.format("y", "<messageEventDefinition/>"),
        "s>g",
        "g>x",
        "g>y",
        "x>e",
        "y>e",
        about="g",
    ),
    "J01": drawn(
        f'{NAMED}<exclusiveGateway id="g"/><userTask id="x"/><userTask id="y"/><parallelGateway id="j" name="Razem"/>',
        "s>a",
        "a>g",
        "g>x! Tak",
        "g>y! Nie",
        "x>j",
        "y>j",
        "j>e",
        about="j",
    ),
    # steps
    "A01": drawn('<task id="a" name="Oceń"/>'),
    "A02": drawn('<serviceTask id="a" name="Oceń"/>'),
    "A03": drawn('<businessRuleTask id="a" name="Oceń"/>'),
    "A04": drawn('<scriptTask id="a" name="Oceń"><script>import os</script></scriptTask>'),
    "A05": drawn('<sendTask id="a" name="Wyślij"/>'),
    "A06": drawn('<receiveTask id="a" name="Odbierz"/>'),
    "A07": drawn('<callActivity id="a" calledElement="sale"/>'),
    "A08": drawn('<callActivity id="a" calledElement="nowhere"/>'),
    "A09": drawn('<subProcess id="a" name="Pusty"/>'),
    "A10": drawn('<userTask id="a" name="Dzwoń"><standardLoopCharacteristics/></userTask>'),
    "A11": drawn('<userTask id="a" name="Oceń"><multiInstanceLoopCharacteristics/></userTask>'),
    "A12": drawn(
        '<userTask id="a"><multiInstanceLoopCharacteristics><loopCardinality>20000</loopCardinality>'
        "</multiInstanceLoopCharacteristics></userTask>"
    ),
    "A13": drawn('<adHocSubProcess id="a"><userTask id="x"/><userTask id="y"/></adHocSubProcess>'),
    "A14": replace(drawn(f'<serviceTask id="a">{say(connector="stock")}</serviceTask>'), known=CONNECTED),
    "A15": drawn(
        '<transaction id="a"><startEvent id="is"/><endEvent id="ie"/>' + flows("is>ie") + "</transaction>"
    ),
    "A16": drawn(
        '<userTask id="a"><multiInstanceLoopCharacteristics><loopCardinality>3</loopCardinality>'
        "<completionCondition>gdy wystarczy</completionCondition></multiInstanceLoopCharacteristics></userTask>"
    ),
    "B01": drawn(NAMED + '<boundaryEvent id="b" attachedToRef="nowhere"/>', "s>a", "a>e", "b>e", about="b"),
    "B02": bordered(HOUR, "", "s>b"),
    "B03": bordered(""),
    "B04": bordered("<errorEventDefinition/>", ' cancelActivity="false"'),
    "C03": drawn(UNDONE, "s>a", "a>t", "t>e", about="t"),
    "C04": drawn(UNDONE, "s>a", "a>t", "t>e", about="b"),
    "C01": drawn(NAMED + '<userTask id="b" name="Cofnij" isForCompensation="true"/>', about="b"),
    "C02": drawn('<intermediateThrowEvent id="a"><compensateEventDefinition/></intermediateThrowEvent>'),
    "E01": waiting(""),
    "E02": drawn(
        '<intermediateThrowEvent id="a" name="Stop"><terminateEventDefinition/></intermediateThrowEvent>'
    ),
    "E03": waiting(
        "<conditionalEventDefinition><condition>gdy zapłaci</condition></conditionalEventDefinition>"
    ),
    "E04": bare(
        START + '<endEvent id="e" name="Koniec"><signalEventDefinition signalRef="m"/></endEvent>',
        "s>e",
        about="e",
        top='<signal id="m" name="done"/>',
    ),
    "E05": beside(
        drawn(
            f'<userTask id="u">{say(form="ask")}</userTask><intermediateCatchEvent id="a"><conditionalEventDefinition>'
            "<condition>n &gt; 1</condition></conditionalEventDefinition></intermediateCatchEvent>",
            "s>u",
            "u>a",
            "a>e",
        ),
        form("n"),
    ),
    "E06": waiting(HOUR + TALK, top=ORDERED),
    "E07": waiting('<messageEventDefinition messageRef="nowhere"/>'),
    "E08": drawn(
        f'<intermediateThrowEvent id="a">{TALK}<signalEventDefinition signalRef="g"/></intermediateThrowEvent>',
        top=ORDERED + '<signal id="g" name="done"/>',
    ),
    "N01": drawn(
        '<intermediateThrowEvent id="a"><linkEventDefinition name="L"/></intermediateThrowEvent>'
        '<intermediateCatchEvent id="b"><linkEventDefinition name="L"/></intermediateCatchEvent>',
        "s>a",
        "b>e",
    ),
    "N02": drawn(
        '<intermediateThrowEvent id="a"><linkEventDefinition name="L"/></intermediateThrowEvent>', "s>a"
    ),
    "T01": timed(""),
    "T02": timed("<timeDuration>kiedyś</timeDuration>"),
    "T03": timed("<timeDuration>PT1H</timeDuration>"),
    "T04": timed("<timeCycle>R3/PT1H</timeCycle>"),
    "M01": bordered("<messageEventDefinition/>"),
    "M02": waiting("<messageEventDefinition/>"),
    "M03": waiting(TALK, top=ORDERED),
    "M04": waiting("<signalEventDefinition/>"),
    # settings of other tools
    "V01": drawn('<userTask id="a" camunda:assignee="${initiator}"/>'),
    "V02": drawn('<userTask id="a" camunda:assignee="kowalski"/>'),
    "V03": drawn('<userTask id="a" camunda:candidateGroups="legal"/>'),
    "V04": drawn('<userTask id="a" camunda:candidateGroups="accounting"/>'),
    "V05": drawn('<userTask id="a" camunda:candidateGroups="legal, sales"/>'),
    "V06": drawn('<userTask id="a" camunda:dueDate="P2D"/>'),
    "V07": drawn('<userTask id="a" camunda:dueDate="${dateTime().plusDays(2)}"/>'),
    "V08": drawn('<userTask id="a" camunda:followUpDate="P1D"/>'),
    "V09": drawn('<userTask id="a" camunda:dueDate="${later}"/>'),
    "V10": drawn(
        f'<userTask id="a"><extensionElements>{DATA.format("amount", "long")}</extensionElements></userTask>'
    ),
    "V11": beside(drawn('<userTask id="a" camunda:formKey="embedded:app:forms/ask.html"/>'), form("n")),
    "V12": drawn('<userTask id="a" camunda:formKey="app:approve.jsf"/>'),
    "V13": drawn(
        f'<userTask id="a"><extensionElements>{DATA.format("place", "map")}</extensionElements></userTask>'
    ),
    "V20": replace(drawn(f'<serviceTask id="a">{served("mail")}</serviceTask>'), known=CONNECTED),
    "V21": drawn('<serviceTask id="a" camunda:class="com.example.Check"/>'),
    "V22": drawn('<serviceTask id="a" camunda:expression="${1 + 2}" camunda:resultVariable="total"/>'),
    "V23": replace(
        drawn(
            '<serviceTask id="a" camunda:type="external" camunda:topic="mail" camunda:resultVariable="reply"/>'
        ),
        known=CONNECTED,
    ),
    "V24": drawn(
        f'<userTask id="a">{mapped(chr(60) + "zeebe:output source=" + chr(34) + "=owner.name" + chr(34) + " target=" + chr(34) + "who" + chr(34) + "/>")}</userTask>'
    ),
    "V25": replace(
        drawn(
            '<callActivity id="a" calledElement="other" camunda:calledElementBinding="latest"/>', more=ALONE
        ),
        process="sale",
    ),
    "V26": drawn('<userTask id="a" camunda:asyncBefore="true"/>'),
    "V27": drawn(
        '<userTask id="a"><extensionElements><camunda:taskListener event="create" class="com.example.Log"/></extensionElements></userTask>'
    ),
    "V28": drawn(
        NAMED,
        about="m",
        top='<message id="m" name="paid"><extensionElements><zeebe:subscription correlationKey="=order"/></extensionElements></message>',
    ),
    "V30": timed("<timeDate>PT1H</timeDate>"),
    # files and joins, further
    "X17": whole(
        GOOD.replace(b"<userTask", b'<userTask startQuantity="many"'), shown='<userTask startQuantity="many"'
    ),
    "X18": drawn('<userTask id="a"><userTask id="inner"/></userTask>', about="inner"),
    "X19": whole(GOOD.replace(b"<userTask", b'<userTask acme:cost="7"'), shown='<userTask acme:cost="7"/>'),
    "X26": whole(
        GOOD.replace(b"<definitions ", b'<definitions xmlns:p="urn:my process" ', 1),
        shown='<definitions xmlns:p="urn:my process">',
    ),
    "X20": whole(GOOD.replace(b"BPMN/20100524/MODEL", b"BPMN/20100501/MODEL"), shown=DRAFT),
    "X21": whole(
        f'{HEAD}<choreography id="c" name="Zakup"/></definitions>',
        shown='<choreography id="c" name="Zakup"/>',
    ),
    "X22": whole(
        GOOD.replace(b"<startEvent", b"".join(b'<task id="t%d"/>' % n for n in range(3_001)) + b"<startEvent")
    ),
    "X23": drawn(
        NAMED,
        about="f",
        more='<collaboration id="c"><messageFlow id="f" name="Oferta" sourceRef="nobody" targetRef="a"/></collaboration>',
    ),
    "X24": drawn('<callActivity id="a" calledElement="g"/>', top='<globalUserTask id="g" name="Podpisz"/>'),
    "X25": drawn(NAMED, about="g", top='<globalUserTask id="g" name="Podpisz"/>'),
    "W01": drawn(
        '<parallelGateway id="p"/><parallelGateway id="j"/><parallelGateway id="k"/>',
        "s>p",
        "p>j",
        "p>k",
        "j>k",
        "k>j",
        "j>e",
        "k>e",
        about="j",
    ),
    "W02": drawn(
        '<parallelGateway id="p"/><userTask id="x"/><userTask id="y"/><userTask id="a" name="Raz"/>',
        "s>p",
        "p>x",
        "p>y",
        "x>a",
        "y>a",
        "a>e",
        about="e",
    ),
    "W03": bordered(HOUR + '<messageEventDefinition messageRef="m"/>', ' parallelMultiple="true"'),
    # decision tables
    "D01": replace(decides(table('&lt;&lt; 5 -> "a"')), element="Zasady"),
    "D02": decides(table('< 10 -> "a"', '< 20 -> "b"')),
    "D03": decides(table('< 10 -> "a"', '< 20 -> "b"', policy="ANY")),
    "D04": decides(table('< 10 -> "a"')),
    "D05": decides(table('- -> "a"', '< 20 -> "b"', policy="FIRST")),
    "D06": decides(table('[9..2] -> "a"')),
    "D07": decides(table('"large" -> "a"')),
    "D08": decides(table('- -> "seven"', gives="number")),
    "D09": decides(twice(table("- -> 1", policy="COLLECT", gives="number", more=' aggregation="SUM"'))),
    "D10": decides(table('- -> "a"')),
    "D12": decides(table('date("2026-02-30") -> "a"', kind="date")),
    "D11": decides(doubled(table('< 10 -> "a"', '>= 10 -> "b"'))),
}
"""By code."""
for _code in ("I01", "X14", "Z01", "Z02"):
    SPECIMENS[_code] = replace(SPECIMENS[_code], element="sale")
