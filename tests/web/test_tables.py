"""The page of a decision table: the rules, the policy in words, what the doctor says, and trying it without script."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import doctor
from tests.web.conftest import Visitor
from tests.web.test_processes import DIAGRAM, deployed

Browser = Callable[[Person], Visitor]

TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:d">
  <decision id="price" name="Cena"><decisionTable hitPolicy="UNIQUE">
  <input id="i" label="Sztuk"><inputExpression id="e" typeRef="number"><text>order.pieces</text></inputExpression></input>
  <output id="o" name="discount" typeRef="number"/>
  <rule id="r"><inputEntry id="x"><text>&gt;= 10</text></inputEntry><outputEntry id="y"><text>order.pieces / 2</text></outputEntry></rule>
  <rule id="q"><inputEntry id="v"><text>&lt;= 10</text></inputEntry><outputEntry id="w"><text>0</text></outputEntry></rule>
  </decisionTable></decision>
  <decision id="gross" name="Brutto"><variable name="gross"/><literalExpression><text>net * 1.23</text></literalExpression></decision>
  </definitions>"""
PAGE = "/processes/repairs_desk/tables/price"


def shown(as_: Browser, session: Session, dorota: Person, address: str) -> str:
    drawing = DIAGRAM.replace('id="workshop"', 'id="legal"').encode()
    deployed(session, doctor.File("r.bpmn", drawing), doctor.File("price.dmn", TABLE.encode()))
    text: str = as_(dorota).get(address).get_data(as_text=True)
    return text


def test_the_page_says_the_policy_in_words_and_what_collides(
    as_: Browser, session: Session, dorota: Person
) -> None:
    page = shown(as_, session, dorota, PAGE)

    assert "At most one rule may apply; two at once stop the case." in page
    assert "the rules 1, 2 apply at the same time, for example for: order.pieces = 10" in page
    assert 'name="order.pieces"' in page
    assert "No rule applies" not in page


def test_values_in_the_address_are_tried(as_: Browser, session: Session, dorota: Person) -> None:
    page = shown(as_, session, dorota, f"{PAGE}?try=1&order.pieces=15")

    assert "Rules that apply: 1" in page
    assert "7.5" in page
    assert 'value="15"' in page


def test_a_conflict_is_told_with_its_rules(as_: Browser, session: Session, dorota: Person) -> None:
    page = shown(as_, session, dorota, f"{PAGE}?try=1&order.pieces=10")

    assert "Rules that apply: 1, 2" in page
    assert "the rules 1, 2 apply at the same time, and only one may. Inputs: order.pieces = 10" in page


def test_nothing_typed_is_an_empty_value_and_nonsense_a_refusal(
    as_: Browser, session: Session, dorota: Person
) -> None:
    assert "No rule applies." in shown(as_, session, dorota, f"{PAGE}?try=1")
    assert "must be of type number and is &#34;many&#34;" in as_(dorota).get(
        f"{PAGE}?try=1&order.pieces=many"
    ).get_data(as_text=True)
    assert as_(dorota).get(f"{PAGE}?try=1&order.pieces=%5B%5B%5B(").status_code == 200


def test_a_decision_of_one_expression_has_a_page_too(as_: Browser, session: Session, dorota: Person) -> None:
    page = shown(as_, session, dorota, "/processes/repairs_desk/tables/gross?try=1&net=100")

    assert "net * 1.23" in page
    assert "<code>123</code>" in page
