"""``python -m tests.guide.findings`` writes docs/findings.md and docs/findings.pl.md from the catalogue and specimens."""

from pathlib import Path

from engine.process.blueprint import Text
from engine.process.doctor import Finding
from engine.process.doctor.catalogue import CATALOGUE
from engine.process.doctor.catalogue.entry import Entry, general
from engine.process.doctor.catalogue.losses import LOSSES
from engine.process.doctor.mending import STAYS
from tests.engine.process.specimens import SPECIMENS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": DOCS / "findings.md", "pl": DOCS / "findings.pl.md"}
LONGEST = 600
"""So much of a diagram is shown."""

TITLE = Text("Uwagi doktora", "Findings of the doctor")
INTRO = Text(
    """Każdy wgrany diagram najpierw ogląda doktor: na stronie wgrywania i poleceniem `contentum doctor PLIK-LUB-FOLDER…`.
Tu jest wszystko, co może powiedzieć: przykład, co to znaczy i co z tym zrobić. Strona powstaje z katalogu uwag.

- **blokuje**: dopóki ktoś nie przyjmie naprawy albo nie poprawi diagramu, nie da się go wdrożyć;
- **ostrzega**: da się wdrożyć, ale coś pewnie zaskoczy;
- **wskazówka**: dobrze wiedzieć;
- **naprawione**: poprawiono od razu, bo znaczenie zostaje to samo.

Polecenie mówi o każdym pliku: `deployable` (da się wdrożyć tak, jak jest), `deployable_after_repair` (po przyjęciu
wszystkich napraw), `lossless` (po nich i bez pomijania czegokolwiek narysowanego: żadna uwaga nie jest oznaczona słowem
„pomija”), `refused` (nie da się mimo napraw). Ustawienia innych narzędzi bez odpowiednika i dokumentacja na rysunku
zostają z wgranym plikiem i nie liczą się jako pominięte. Kod wyjścia: 0, gdy każdy plik da się wdrożyć tak, jak jest;
1, gdy któregoś nie (lub nie da się go przeczytać); 2, gdy samo polecenie jest błędne. `--mend FOLDER` zapisuje diagramy
z wrysowanymi naprawami; przy naprawach bez rysunku jest o tym zdanie.""",
    """The doctor looks at every diagram first: on the upload page and by `contentum doctor FILE-OR-FOLDER…`.
This is everything it can say: an example, what it means and what to do. The page is made from the catalogue of findings.

- **blocks**: it cannot be deployed until somebody accepts the repair or corrects the diagram;
- **warns**: it can be deployed, but will probably surprise somebody;
- **hint**: good to know;
- **mended**: put right at once, because the meaning stays the same.

Of each file the command says: `deployable` (as it is), `deployable_after_repair` (with every repair accepted),
`lossless` (with them, and without leaving out anything drawn: no finding is marked “leaves out” below), `refused` (not even
then). Settings of other tools without a counterpart and the documentation of a drawing stay with the upload and do not count
as left out. Exit code: 0 when every file can be deployed as it is, 1 when one cannot (or cannot be read), 2 when the command
line itself is wrong. `--mend DIR` writes the diagrams with the repairs drawn in; a repair without a drawing says so.""",
)
SEVERITIES = {
    "error": Text("blokuje", "blocks"),
    "warning": Text("ostrzega", "warns"),
    "hint": Text("wskazówka", "hint"),
    "mended": Text("naprawione", "mended"),
}
GROUPS = {
    "X": Text("Pliki", "Files"),
    "P": Text("Procesy i baseny", "Processes and pools"),
    "K": Text("Zostaje jako dokumentacja", "Kept as documentation"),
    "I": Text("Identyfikatory", "Ids"),
    "L": Text("Tory", "Lanes"),
    "Q": Text("Do czego diagram się odwołuje", "What a diagram refers to"),
    "H": Text("Przekazania między działami", "Hand-offs between departments"),
    "Z": Text("Drabina", "The ladder"),
    "F": Text("Strzałki", "Flows"),
    "S": Text("Początki i końce", "Starts and ends"),
    "R": Text("Drogi i koła", "Ways and circles"),
    "G": Text("Bramki", "Gateways"),
    "J": Text("Złączenia", "Joins"),
    "W": Text("Gdy dróg jest kilka naraz", "Several ways at once"),
    "A": Text("Kroki", "Steps"),
    "B": Text("Zdarzenia na brzegu", "Boundary events"),
    "C": Text("Kompensacja", "Compensation"),
    "E": Text("Zdarzenia", "Events"),
    "N": Text("Łączniki", "Links"),
    "T": Text("Czas", "Times"),
    "M": Text("Wiadomości i sygnały", "Messages and signals"),
    "D": Text("Tabele decyzyjne", "Decision tables"),
    "V": Text("Ustawienia innych narzędzi", "Settings of other tools"),
}
EXAMPLE, REPAIR, ADVICE = (
    Text("Przykład", "Example"),
    Text("Naprawa", "Repair"),
    Text("Co zrobić", "What to do"),
)
DONE, KEPT, LOSES = (
    Text("Zrobiono", "Done"),
    Text("Rysunek zostaje.", "The drawing stays."),
    Text("pomija", "leaves out"),
)


def page(lang: str) -> str:
    """The whole page in one language."""
    lines = [f"# {TITLE.into(lang)}", "", INTRO.into(lang)]
    for letter, title in GROUPS.items():
        found = {code: entry for code, entry in sorted(CATALOGUE.items()) if code[0] == letter}
        if found:
            lines += ["", f"## {letter} · {title.into(lang)}"]
        for code, entry in found.items():
            lines += ["", *_entry(code, entry, lang)]
    return "\n".join(lines) + "\n"


def _entry(code: str, entry: Entry, lang: str) -> list[str]:
    marks = [SEVERITIES[entry.severity].into(lang)] + ([LOSES.into(lang)] if code in LOSSES else [])
    lines = [f"### {code}", "", f"**{', '.join(marks)}** · {general(entry.message).into(lang)}", ""]
    specimen = SPECIMENS.get(code)
    if specimen is not None:
        found = next((each for each in specimen.examine().findings if each.code == code), None)
        lines += _example(found, specimen.shown, lang)
    lead = REPAIR if entry.repairable else DONE if entry.severity == "mended" else ADVICE
    remedy = general(entry.remedy).into(lang)
    kept = f" {KEPT.into(lang)}" if code in STAYS and entry.repairable else ""
    return lines + ([f"{lead.into(lang)}: {remedy}{kept}"] if remedy else [])


def _example(found: Finding | None, shown: str, lang: str) -> list[str]:
    lines = [f"{EXAMPLE.into(lang)}: {_safe(found.message.into(lang))}", ""] if found is not None else []
    if shown and len(shown) <= LONGEST:
        lines += ["```xml", shown, "```", ""]
    return lines


def _safe(text: str) -> str:
    """A sentence that shows as it is written."""
    return text.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")


def main() -> None:
    """Write both pages."""
    for lang, path in PAGES.items():
        path.write_text(page(lang), encoding="utf-8")


if __name__ == "__main__":
    main()
