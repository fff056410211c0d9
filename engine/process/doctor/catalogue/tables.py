"""Findings about decision tables (D)."""

from engine.process.doctor.catalogue.entry import Entry, hints, refuses, warns

ENTRIES: dict[str, Entry] = {
    "D01": refuses(
        "Plik „%(file)s” nie nadaje się do użycia: %(reason)s.",
        "The file “%(file)s” cannot be used: %(reason)s.",
        "Popraw to miejsce i wgraj plik ponownie.",
        "Correct this place and upload the file again.",
    ),
    "D02": warns(
        "W tabeli „%(table)s” reguły %(rules)s obowiązują jednocześnie, np. dla: %(example)s%(more)s.",
        "In the table “%(table)s” the rules %(rules)s apply at the same time, for example for: %(example)s%(more)s.",
        "Zasada UNIQUE dopuszcza jedną regułę: sprawa by się zatrzymała. Zawęź jedną z reguł albo zmień zasadę.",
        "The hit policy UNIQUE allows one rule: the case would stop. Narrow one of the rules or change the policy.",
    ),
    "D03": warns(
        "W tabeli „%(table)s” reguły %(rules)s obowiązują jednocześnie i odpowiadają różnie, "
        "np. dla: %(example)s%(more)s.",
        "In the table “%(table)s” the rules %(rules)s apply at the same time and answer differently, "
        "for example for: %(example)s%(more)s.",
        "Zasada ANY wymaga zgodnych odpowiedzi: sprawa by się zatrzymała. Uzgodnij odpowiedzi albo zawęź regułę.",
        "The hit policy ANY needs equal answers: the case would stop. Make them agree or narrow a rule.",
    ),
    "D04": warns(
        "Żadna reguła tabeli „%(table)s” nie obejmuje np.: %(example)s.",
        "No rule of the table “%(table)s” covers, for example: %(example)s.",
        "Odpowiedź będzie pusta. Dodaj regułę albo odpowiedź domyślną, jeśli to możliwe.",
        "The answer will be empty. Add a rule or a default answer if this can come.",
    ),
    "D05": warns(
        "Reguła %(rule)s tabeli „%(table)s” nigdy nie zadziała: wcześniejsze reguły obejmują wszystko, co ona.",
        "Rule %(rule)s of the table “%(table)s” is never reached: the rules before it cover all that it covers.",
        "Usuń ją albo przenieś wyżej.",
        "Remove it or move it up.",
    ),
    "D06": warns(
        "Warunki reguły %(rule)s tabeli „%(table)s” nie mogą być spełnione przez żadną wartość.",
        "No value can meet the conditions of rule %(rule)s of the table “%(table)s”.",
        "Sprawdź granice przedziałów, rodzaj kolumny i listę jej wartości.",
        "Check the ends of the ranges, the type of the column and the list of its values.",
    ),
    "D07": warns(
        "Reguła %(rule)s tabeli „%(table)s” porównuje w kolumnie „%(column)s” (%(type)s) z wartością innego rodzaju "
        "(%(other)s): %(cell)s.",
        "Rule %(rule)s of the table “%(table)s” compares the column “%(column)s” (%(type)s) with a value of another "
        "type (%(other)s): %(cell)s.",
        "Taki warunek nigdy nie jest spełniony. Zmień typeRef kolumny albo komórkę.",
        "Such a condition never holds. Change the column’s typeRef or the cell.",
    ),
    "D08": warns(
        "Odpowiedź reguły %(rule)s tabeli „%(table)s” nie pasuje do kolumny „%(column)s”: %(cell)s.",
        "The answer of rule %(rule)s of the table “%(table)s” does not fit the column “%(column)s”: %(cell)s.",
        "Gdy reguła zadziała, sprawa się zatrzyma. Popraw odpowiedź, rodzaj kolumny albo listę jej wartości.",
        "When the rule applies, the case will stop. Correct the answer, the column’s type or the list of its values.",
    ),
    "D09": warns(
        "Tabela „%(table)s” ma działanie %(aggregation)s i kilka wyjść.",
        "The table “%(table)s” has the aggregation %(aggregation)s and several outputs.",
        "Policzymy każdą kolumnę osobno; norma zna działania tylko dla jednego wyjścia.",
        "Every column is worked out by itself; the standard knows aggregations for one output only.",
    ),
    "D10": hints(
        "Nikt nie czyta wyjścia „%(output)s” tabeli „%(table)s”.",
        "Nobody reads the output “%(output)s” of the table “%(table)s”.",
        "Sprawdź nazwę: warunki na diagramie muszą używać tej samej.",
        "Check the name: the conditions in the diagram must use the same.",
    ),
    "D11": hints(
        "Nie da się sprawdzić, czy reguły tabeli „%(table)s” nakładają się i obejmują wszystko: %(why)s.",
        "Whether the rules of the table “%(table)s” overlap and cover everything cannot be checked: %(why)s.",
    ),
    "D12": refuses(
        "Reguła %(rule)s tabeli „%(table)s” podaje w kolumnie „%(column)s” datę, czas lub okres, którego nie ma: %(cell)s.",
        "Rule %(rule)s of the table “%(table)s” gives in column “%(column)s” a date, time or duration that does not "
        "exist: %(cell)s.",
        'Popraw zapis, np. date("2026-05-01"), duration("P2D").',
        'Correct it, for example date("2026-05-01"), duration("P2D").',
    ),
}
