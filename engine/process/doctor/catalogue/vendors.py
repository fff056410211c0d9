"""Findings about settings of other tools: what they became here, and what has no counterpart."""

from engine.process.doctor.catalogue.entry import Entry, asks, hints, mends, refuses, warns

ENTRIES: dict[str, Entry] = {
    # people and times
    "V01": mends(
        "%(it)s ma wykonawcę zapisanego ustawieniem innego narzędzia: „%(written)s”.",
        "%(it)s has an assignee set in another tool: “%(written)s”.",
        "Odczytano go jako „%(read)s”.",
        "It was read as “%(read)s”.",
    ),
    "V02": warns(
        "%(it)s ma wykonawcę „%(written)s”, a nie wiadomo, kto to jest.",
        "%(it)s has the assignee “%(written)s”, and it is not known who that is.",
        "Zadanie trafi do wszystkich, do których należy jego tor. Wpisz adres e-mail, owner, starter albo wyrażenie.",
        "The task goes to everybody whose lane it is in. Write a mail address, owner, starter or an expression.",
    ),
    "V03": mends(
        "%(it)s jest dla grupy „%(group)s”.",
        "%(it)s is for the group “%(group)s”.",
        "Odczytano ją jako %(audience)s.",
        "It was read as %(audience)s.",
    ),
    "V04": asks(
        "%(it)s jest dla grupy „%(audience)s”, która nie odpowiada żadnemu działowi ani roli.",
        "%(it)s is for the group “%(audience)s”, which matches no department and no role.",
        "Zadanie trafi do tych, do których należy jego tor; można też wskazać dział.",
        "The task goes to those whose lane it is in; a department can be chosen instead.",
    ),
    "V05": warns(
        "%(it)s wymienia więcej osób lub grup, niż zadanie może mieć odbiorców: %(names)s.",
        "%(it)s names more people or groups than a task can be for: %(names)s.",
        "Ci są pomijani. Narysuj osobne zadania albo utwórz jeden dział dla wszystkich.",
        "These are left out. Draw separate tasks, or make one department of them all.",
    ),
    "V06": mends(
        "%(it)s ma termin zapisany językiem innego narzędzia: „%(written)s”.",
        "%(it)s has a due time written in another tool's language: “%(written)s”.",
        "Odczytano go jako „%(read)s”.",
        "It was read as “%(read)s”.",
    ),
    "V07": warns(
        "%(it)s: „%(written)s” (%(what)s) nie da się zapisać naszym językiem.",
        "%(it)s: “%(written)s” (%(what)s) cannot be put into our language.",
        "Jest pomijane. Zapisz to prościej: nazwy, porównania, działania, teksty w cudzysłowie.",
        "It is left out. Write it more simply: names, comparisons, calculations, texts in quotes.",
    ),
    "V08": hints(
        "%(it)s ma ustawienia terminów bez odpowiednika: %(names)s.",
        "%(it)s has settings of time without a counterpart: %(names)s.",
        "Zostają jako dokumentacja; przypomnieniem jest tu zdarzenie czasu na brzegu zadania.",
        "They are kept as documentation; a reminder is a timer on the border of the task here.",
    ),
    "V09": warns(
        "%(it)s: „%(written)s” (%(what)s) czyta „%(names)s”, a nic w plikach nie nadaje temu wartości.",
        "%(it)s: “%(written)s” (%(what)s) reads “%(names)s”, and nothing in the files gives it a value.",
        "Jest pomijane. Jeśli wartość przychodzi z zewnątrz, wymień nazwę we właściwości „keeps”.",
        "It is left out. If the value comes from outside, list the name in the property “keeps”.",
    ),
    # forms
    "V10": mends(
        "%(it)s ma formularz zapisany w samym diagramie.",
        "%(it)s has its form written in the diagram itself.",
        "Powstał z niego formularz „%(form)s” z polami: %(names)s.",
        "It became the form “%(form)s” with the fields: %(names)s.",
    ),
    "V11": mends(
        "%(it)s nazywa formularz po swojemu: „%(written)s”.",
        "%(it)s names its form in another tool's way: “%(written)s”.",
        "To formularz „%(form)s” z tych plików.",
        "It is the form “%(form)s” of these files.",
    ),
    "V12": warns(
        "%(it)s używa formularza „%(form)s” innego narzędzia, którego nie ma wśród plików.",
        "%(it)s uses the form “%(form)s” of another tool, which is not among the files.",
        "Krok zostaje bez formularza. Dodaj plik .json z formularzem o tym kluczu.",
        "The step goes without a form. Add a .json file with a form of that key.",
    ),
    "V13": warns(
        "%(it)s: części formularza nie mają odpowiednika: %(names)s.",
        "%(it)s: parts of its form have no counterpart: %(names)s.",
        "Są pomijane.",
        "They are left out.",
    ),
    # what does the work
    "V20": mends(
        "%(it)s to praca dla „%(topic)s” z innego narzędzia.",
        "%(it)s is work for “%(topic)s” of another tool.",
        "Wywołuje łącznik „%(connector)s”.",
        "It calls the connector “%(connector)s”.",
    ),
    "V21": warns(
        "%(it)s wywołuje kod „%(program)s”, którego tu nie ma.",
        "%(it)s calls the program code “%(program)s”, which is not here.",
        "Kod jest pomijany. Nazwij łącznik, który to robi (connector, operation).",
        "The code is left out. Name the connector that does it (connector, operation).",
    ),
    "V22": mends(
        "%(it)s oblicza „%(written)s” językiem innego narzędzia.",
        "%(it)s computes “%(written)s” in another tool's language.",
        "Stało się to skryptem: %(read)s.",
        "It became a script: %(read)s.",
    ),
    "V23": mends(
        "%(it)s zapisuje wynik jako „%(name)s”.",
        "%(it)s keeps its result as “%(name)s”.",
        "Tak samo nazywa się tu odpowiedź łącznika.",
        "The connector's answer has the same name here.",
    ),
    "V24": mends(
        "%(it)s przenosi dane na wejściu lub wyjściu: %(names)s.",
        "%(it)s maps data on its way in or out: %(names)s.",
        "Robi to łącznik albo osobny krok tuż przed nim lub za nim.",
        "The connector does it, or a step of its own just before or behind it.",
    ),
    "V25": hints(
        "%(it)s mówi, którą wersję procesu wywołać: %(names)s.",
        "%(it)s says which version of a process to call: %(names)s.",
        "Wywoływana jest zawsze ta wdrożona razem z nim.",
        "The one deployed together with it is always called.",
    ),
    "V26": hints(
        "%(it)s zaznacza miejsca zapisu stanu: %(names)s.",
        "%(it)s marks places where the state is saved: %(names)s.",
        "Tutaj stan zapisuje się po każdym poleceniu.",
        "Here the state is saved after every command.",
    ),
    "V27": warns(
        "%(it)s uruchamia dodatkowy kod przy wejściu lub wyjściu: %(names)s.",
        "%(it)s runs further code when it begins or ends: %(names)s.",
        "Kod jest pomijany. Narysuj krok, który to robi.",
        "The code is left out. Draw a step that does it.",
    ),
    "V28": hints(
        "Wiadomość „%(message)s” jest dopasowywana po „%(key)s”.",
        "The message “%(message)s” is matched by “%(key)s”.",
        "Tutaj trafia do sprawy, do której jest zaadresowana.",
        "Here it goes to the case it is addressed to.",
    ),
    # times
    "V30": mends(
        "%(it)s podaje „%(value)s” w polu na inny rodzaj czasu.",
        "%(it)s gives “%(value)s” in the field of another kind of time.",
        "Odczytano to jako %(kind)s.",
        "It was read as %(kind)s.",
    ),
    # reading from a disk
    "V90": refuses(
        "Pliku „%(file)s” nie da się otworzyć: %(reason)s.",
        "The file “%(file)s” cannot be opened: %(reason)s.",
        "Sprawdź, czy plik istnieje i czy wolno go czytać.",
        "Check that the file is there and may be read.",
    ),
}
